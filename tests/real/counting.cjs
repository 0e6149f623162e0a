// Counts each text that comes in, one JSON string a line, as twitter-text and @atproto/api do; run where node_modules is.
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');
const installed = createRequire(process.cwd() + '/');
const twitter = installed('twitter-text');
const { RichText } = installed('@atproto/api');
createInterface({ input: process.stdin }).on('line', (line) => {
  const text = JSON.parse(line);
  const rich = new RichText({ text });
  process.stdout.write(JSON.stringify([twitter.parseTweet(text).weightedLength, rich.graphemeLength, rich.length]) + '\n');
});
