// Runs models in ONNX Runtime: node onnxruntime.js JOBS.json, a list of
// {model, output, inputs: {name: {file, dims}}}. Files hold float32 numbers.
const fs = require("fs");
const ort = require("onnxruntime-node");

function read(file) {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4).slice();
}

async function main() {
  for (const job of JSON.parse(fs.readFileSync(process.argv[2], "utf8"))) {
    try {
      const session = await ort.InferenceSession.create(job.model, { intraOpNumThreads: 2, graphOptimizationLevel: "all", logSeverityLevel: 3 });
      const feeds = {};
      for (const [name, { file, dims }] of Object.entries(job.inputs)) feeds[name] = new ort.Tensor("float32", read(file), dims);
      const result = (await session.run(feeds))[session.outputNames[0]];
      fs.writeFileSync(job.output, Buffer.from(result.data.buffer, result.data.byteOffset, result.data.byteLength));
      await session.release();
    } catch (error) {
      fs.writeFileSync(job.output + ".error", String(error));
    }
  }
}
main();
