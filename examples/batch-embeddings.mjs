/** Prints one shard of vectors: hashed three-letter features of made-up sentences, weighted and of unit length. */
const shard = Number(process.argv[2] ?? 1);
const sentences = 400;
const dimensions = 64;
const words = ['solar', 'panel', 'surplus', 'grid', 'carbon', 'night', 'cloud', 'meter', 'price', 'lease', 'wind', 'noon'];

function hashOf(text) {
  let bits = 0x811c9dc5;
  for (const letter of text) bits = Math.imul(bits ^ letter.codePointAt(0), 0x01000193);
  return bits >>> 0;
}

for (let i = 0; i < sentences; i++) {
  const number = (shard - 1) * sentences + i;
  const text = Array.from({ length: 12 }, (_, k) => words[hashOf(`${number}/${k}`) % words.length]).join(' ');
  const vector = new Float64Array(dimensions);
  for (let k = 0; k + 3 <= text.length; k++) {
    const hash = hashOf(text.slice(k, k + 3));
    vector[hash % dimensions] += hash & 0x10000 ? 1 : -1;
  }
  const length = Math.hypot(...vector) || 1;
  console.log(JSON.stringify({ id: number, vector: [...vector].map((value) => Math.round((value / length) * 1e4) / 1e4) }));
}
