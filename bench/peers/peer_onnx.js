// ONNX Runtime: the forward product of a dense layer, as a model with one Gemm.
const ort = require("onnxruntime-node");

// A protobuf message is a list of fields; these write the few kinds needed.
const varint = (n) => {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return Buffer.from([...bytes, n]);
};
const number = (field, n) => Buffer.concat([varint(field * 8), varint(n)]);
const bytes = (field, content) => {
  const data = Buffer.isBuffer(content) ? content : Buffer.from(content);
  return Buffer.concat([varint(field * 8 + 2), varint(data.length), data]);
};
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

// model returns an ONNX model that computes y = x·wᵀ for a batch.
function model(d, n, batch, weights) {
  const dimensions = (...sizes) => sizes.map((size) => message(1, number(1, size)));
  const value = (field, name, ...sizes) =>
    message(field, bytes(1, name), message(2, message(1, number(1, 1), message(2, ...dimensions(...sizes)))));
  const transB = message(5, bytes(1, "transB"), number(3, 1), number(20, 2));
  const graph = message(7,
    message(1, bytes(1, "x"), bytes(1, "w"), bytes(2, "y"), bytes(4, "Gemm"), transB),
    bytes(2, "dense"),
    message(5, number(1, n), number(1, d), number(2, 1), bytes(8, "w"), bytes(9, Buffer.from(weights.buffer))),
    value(11, "x", batch, d), value(12, "y", batch, n));
  return Buffer.concat([number(1, 8), graph, message(8, number(2, 13))]);
}

// A few thousand random numbers again and again: large weights take long to draw.
const some = Float32Array.from({ length: 9973 }, () => Math.random() - 0.5);
const random = (n) => {
  const all = new Float32Array(n);
  for (let i = 0; i < n; i += some.length) all.set(some.subarray(0, Math.min(some.length, n - i)), i);
  return all;
};

async function main() {
  for (const argument of process.argv.slice(2)) {
    const [d, n, batch] = argument.split(":").map(Number);
    const session = await ort.InferenceSession.create(model(d, n, batch, random(n * d)), {
      intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: "all",
    });
    const feeds = { x: new ort.Tensor("float32", random(batch * d), [batch, d]) };
    const samples = [];
    for (let i = 0; i < 3; i++) await session.run(feeds);
    for (const start = Date.now(); samples.length < 3 || Date.now() - start < 400; ) {
      const before = process.hrtime.bigint();
      await session.run(feeds);
      samples.push(Number(process.hrtime.bigint() - before));
    }
    samples.sort((a, b) => a - b);
    const ns = samples[samples.length >> 1] / batch;
    console.log(JSON.stringify({ benchmark: "dense forward", case: `${d}→${n} batch=${batch}`, median_ns: ns }));
  }
}
main();
