// Reads a Parquet file with hyparquet: node read.mjs FOLDER FILE, where FOLDER is where npm installed it. Prints the names
// of the columns, the metadata, and every row as a list, a line of JSON each; integers as text, since they have 64 bits.
import { join, resolve } from 'path'
import { pathToFileURL } from 'url'
const [folder, path] = process.argv.slice(2)
const { asyncBufferFromFile, parquetReadObjects, parquetMetadataAsync } =
  await import(pathToFileURL(join(resolve(folder), 'node_modules', 'hyparquet', 'src', 'node.js')))
const file = await asyncBufferFromFile(path)
const metadata = await parquetMetadataAsync(file)
const names = metadata.schema.slice(1).map(s => s.name)
const print = v => console.log(JSON.stringify(v, (_, x) => typeof x === 'bigint' ? String(x) : x))
print(names)
print(Object.fromEntries(metadata.key_value_metadata.map(e => [e.key, e.value])))
for (const row of await parquetReadObjects({ file })) print(names.map(n => row[n] ?? null))
