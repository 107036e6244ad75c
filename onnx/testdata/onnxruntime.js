// Runs models in ONNX Runtime: node onnxruntime.js JOBS.json, a list of
// {model, output, inputs: {name: {file, dims, type}}}. Files hold numbers of the type, or
// float32. All outputs go to one file, and their names, types and dimensions to another.
const fs = require("fs");
const ort = require("onnxruntime-node");

const arrays = { float32: Float32Array, float64: Float64Array, float16: Uint16Array, uint8: Uint8Array, int64: BigInt64Array };

function read({ file, dims, type = "float32" }) {
  const bytes = new Uint8Array(fs.readFileSync(file)); // a copy that is aligned
  return new ort.Tensor(type, new arrays[type](bytes.buffer), dims);
}

async function main() {
  for (const job of JSON.parse(fs.readFileSync(process.argv[2], "utf8"))) {
    try {
      const session = await ort.InferenceSession.create(job.model, { intraOpNumThreads: 2, graphOptimizationLevel: "all", logSeverityLevel: 3 });
      const feeds = {};
      for (const [name, tensor] of Object.entries(job.inputs)) feeds[name] = read(tensor);
      const results = await session.run(feeds);
      const outputs = session.outputNames.map((name) => ({ name, type: results[name].type, dims: results[name].dims }));
      fs.writeFileSync(job.output, Buffer.concat(session.outputNames.map((name) => Buffer.from(results[name].data.buffer, results[name].data.byteOffset, results[name].data.byteLength))));
      fs.writeFileSync(job.output + ".json", JSON.stringify(outputs));
      await session.release();
    } catch (error) {
      fs.writeFileSync(job.output + ".error", String(error));
    }
  }
}
main();
