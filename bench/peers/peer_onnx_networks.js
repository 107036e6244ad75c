// ONNX Runtime: inference. node peer_onnx_networks.js FILE NAME C,H,W THREADS BATCH...
const ort = require("onnxruntime-node");

async function main() {
  const [file, name, shape, threads, ...batches] = process.argv.slice(2);
  const [channels, height, width] = shape.split(",").map(Number);
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: "all",
  });
  for (const batch of batches.map(Number)) {
    const data = Float32Array.from({ length: batch * channels * height * width }, () => Math.random());
    const feeds = { x: new ort.Tensor("float32", data, [batch, channels, height, width]) };
    const samples = [];
    for (let i = 0; i < 3; i++) await session.run(feeds);
    for (const start = Date.now(); samples.length < 3 || Date.now() - start < 1500; ) {
      const before = process.hrtime.bigint();
      await session.run(feeds);
      samples.push(Number(process.hrtime.bigint() - before));
    }
    samples.sort((a, b) => a - b);
    const ns = samples[samples.length >> 1] / batch;
    console.log(JSON.stringify({ benchmark: "inference", case: `${name} batch=${batch}`, median_ns: ns, threads: Number(threads) }));
  }
}
main();
