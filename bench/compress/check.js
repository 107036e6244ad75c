// Compares a smaller ONNX file with its original in ONNX Runtime, on one thread.
//
//   node check.js ORIGINAL.onnx SMALLER.onnx UNSEEN.npz
//
// UNSEEN.npz holds bytes x [n, ...], which become 0 to 1, and classes y [n], uncompressed. Prints JSON:
// interface, the inputs and outputs of both (names, types, dimensions), and whether they are the same;
// bytes of the files; error in percent of the rows; latency, the median time of a run in µs, by batch.
const fs = require("fs");
const Zip = require("adm-zip"); // comes with onnxruntime-node
const ort = require("onnxruntime-node");

const BATCHES = [1, 32];
const SECONDS = 2; // for each batch

// readArray returns the shape and the bytes of an array in an .npz file.
function readArray(zip, name) {
  const data = zip.getEntry(name + ".npy").getData();
  const end = 10 + data.readUInt16LE(8); // of NumPy's header, version 1.0
  const header = data.toString("latin1", 10, end);
  if (!/'descr': '\|u1', 'fortran_order': False/.test(header)) throw new Error(`${name}: want bytes, row by row, found ${header}`);
  const shape = header.match(/'shape': \(([\d, ]*)\)/)[1].split(",").filter((s) => s.trim()).map(Number);
  return { shape, bytes: data.subarray(end) };
}

const open = (file) => ort.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: "all" });

// batchOf returns count rows from the first on as a session's input.
function batchOf(session, x, first, count) {
  const size = x.bytes.length / x.shape[0];
  const pixels = Float32Array.from(x.bytes.subarray(first * size, (first + count) * size), (byte) => byte / 255);
  return { [session.inputNames[0]]: new ort.Tensor("float32", pixels, [count, ...x.shape.slice(1)]) };
}

// error returns the percentage of rows whose class is not the highest output. One that is not a number is wrong.
async function error(session, x, y) {
  let wrong = 0;
  for (let first = 0; first < x.shape[0]; first += 100) {
    const count = Math.min(100, x.shape[0] - first);
    const outputs = (await session.run(batchOf(session, x, first, count)))[session.outputNames[0]].data;
    const classes = outputs.length / count;
    for (let i = 0; i < count; i++) {
      const row = outputs.subarray(i * classes, (i + 1) * classes);
      if (row.some(Number.isNaN) || row.indexOf(Math.max(...row)) !== y.bytes[first + i]) wrong++;
    }
  }
  return (100 * wrong) / x.shape[0];
}

// latency runs the sessions in turn and returns the median time of each, in µs.
async function latency(sessions, x, batch) {
  const samples = sessions.map(() => []);
  const feeds = sessions.map((session) => batchOf(session, x, 0, batch));
  for (const start = Date.now(); samples[0].length < 20 || Date.now() - start < 1000 * SECONDS; ) {
    for (const [i, session] of sessions.entries()) {
      const before = process.hrtime.bigint();
      await session.run(feeds[i]);
      samples[i].push(Number(process.hrtime.bigint() - before) / 1e3);
    }
  }
  return samples.map((times) => times.sort((a, b) => a - b)[times.length >> 1]);
}

async function main() {
  const [original, smaller, unseen] = process.argv.slice(2);
  const zip = new Zip(unseen);
  const x = readArray(zip, "x"), y = readArray(zip, "y");
  const sessions = [await open(original), await open(smaller)];
  const interfaces = sessions.map(({ inputMetadata, outputMetadata }) => ({ inputs: inputMetadata, outputs: outputMetadata }));
  const same = JSON.stringify(interfaces[0]) === JSON.stringify(interfaces[1]);
  const result = { same_interface: same, interface: same ? interfaces[0] : interfaces };
  result.bytes = [original, smaller].map((file) => fs.statSync(file).size);
  result.error = [await error(sessions[0], x, y), await error(sessions[1], x, y)];
  result.latency = {};
  for (const batch of BATCHES) result.latency[batch] = await latency(sessions, x, batch);
  console.log(JSON.stringify(result));
}
main();
