// Runs models in the ONNX Runtime: node run.js ONNXRUNTIME FOLDER, where ONNXRUNTIME is where npm installed
// onnxruntime-node and FOLDER holds NAME.onnx and NAME.input, float32 rows one after the other. Writes NAME.output, the
// probabilities, and prints a line of JSON a model: what the runtime says of it, and how long the rows took.
const fs = require('fs');
const path = require('path');
const ort = require(path.join(path.resolve(process.argv[2]), 'node_modules', 'onnxruntime-node'));
const folder = process.argv[3];
const batch = 500; // the last one of a model is often shorter: the batch is dynamic

async function run(name) {
  const session = await ort.InferenceSession.create(path.join(folder, name + '.onnx'), { intraOpNumThreads: 1, logSeverityLevel: 2 });
  const input = session.inputMetadata[0];
  const shape = input.shape.slice(1);
  const size = shape.reduce((a, b) => a * b, 1);
  const bytes = fs.readFileSync(path.join(folder, name + '.input'));
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const parts = [];
  let seconds = 0;
  for (let at = 0; at < values.length; at += batch * size) {
    const rows = Math.min(batch, (values.length - at) / size);
    const tensor = new ort.Tensor('float32', values.slice(at, at + rows * size), [rows, ...shape]);
    const start = process.hrtime.bigint();
    const result = await session.run({ [session.inputNames[0]]: tensor });
    seconds += Number(process.hrtime.bigint() - start) / 1e9;
    const out = result[session.outputNames[0]];
    parts.push(Buffer.from(out.data.buffer, out.data.byteOffset, out.data.byteLength));
  }
  fs.writeFileSync(path.join(folder, name + '.output'), Buffer.concat(parts));
  console.log(JSON.stringify({
    name, inputs: session.inputNames, outputs: session.outputNames, shape: input.shape, type: input.type,
    output: session.outputMetadata[0].shape, seconds,
  }));
}

(async () => {
  for (const file of fs.readdirSync(folder).sort()) {
    if (file.endsWith('.onnx')) await run(file.slice(0, -'.onnx'.length));
  }
})().catch(error => { console.error(error); process.exit(1); });
