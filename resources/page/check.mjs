// Looks at the state page in a real Chromium: `make page-check`.
//
//   node check.mjs BINARY CHROMIUM [PICTURE]
//
// It runs the binary into a directory of its own, with partitions whose names would be
// scripts in a page, and holds the page to what docs/operations.md says of it. With
// PICTURE it also draws the picture of that page, from a run with other names.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [binary, browserPath, picture] = process.argv.slice(2);
const evil = `<script>window.harm=1</script><img src=x onerror="window.harm=2">' onmouseover='window.harm=3`;

const freePort = () => new Promise((found) => {
  const s = createServer().listen(0, "127.0.0.1", () => { const { port } = s.address(); s.close(() => found(port)); });
});
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// run starts a pipeline and returns when its document has some text.
async function run(names, text, dir = mkdtempSync(join(tmpdir(), "page-check-"))) {
  mkdirSync(dir, { recursive: true });
  const port = await freePort();
  writeFileSync(join(dir, "pipeline.yaml"), JSON.stringify({
    http: { address: `127.0.0.1:${port}` },
    logger: { level: "WARN" },
    input: { generate: { interval: "20ms", batch_size: 100, mapping:
      `let n = counter()\nlet i = ($n * $n / 7).floor() % 40\nroot = if $n % 9973 == 0 { "no JSON" } else { {"id": $n, "p": ${JSON.stringify(names)}.index(if $i < ${names.length} { $i } else { 0 }), "text": "x".repeat(200)} }` } },
    output: { label: "orders", s3_destination: {
      bucket: "landing", region: "eu-west-1", folder: "orders/country={{p}}", file_name: "orders-{{chunk_id}}", file_format: "json",
      variables: { p: '${! this.p | "none" }' }, max_age: "20s", max_file_size: "2MiB", on_bad_record: "dead_letter", idle_timeout: "0s",
    } },
  }));
  const child = spawn(binary, ["run", "--to", "landed", "pipeline.yaml"], { cwd: dir, stdio: ["ignore", "inherit", "inherit"] });
  const url = `http://127.0.0.1:${port}/s3_destination`;
  for (let i = 0; ; i++) {
    try {
      if (JSON.stringify(await (await fetch(url + ".json")).json()).includes(text)) break;
    } catch { /* it is not there yet */ }
    assert(i < 300, "the process does not answer");
    await pause(100);
  }
  const ended = new Promise((done) => child.once("exit", done));
  const end = async () => { // may be called twice
    child.kill("SIGKILL");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  return { url, end };
}

const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const process1 = await run(["DE", evil], "window.harm");
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  const trouble = [];
  const asked = new Set();
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") trouble.push(m.text()); });
  page.on("pageerror", (e) => trouble.push(String(e)));
  page.on("dialog", (d) => { trouble.push("dialog: " + d.message()); d.dismiss(); });
  page.on("request", (r) => asked.add(r.url()));
  await page.goto(process1.url);
  assert.match(await page.title(), /s3-destination/);

  // Names from data are text.
  const cell = page.locator("table.partitions td.name", { hasText: "window.harm=1" }).first();
  assert.match(await cell.innerText(), /country=<script>window\.harm=1<%2Fscript>/);
  await cell.hover();
  assert.equal(await page.evaluate(() => window.harm), undefined);
  assert.equal(await page.locator("main script, main img").count(), 0);

  // It follows the process without being loaded anew, and asks nobody else.
  const total = page.locator("dt:text('stored in all') + dd");
  await page.evaluate(() => { window.loadedOnce = true; });
  const arrives = page.locator("dt:text('arrives') + dd b");
  assert.match(await arrives.innerText(), /^[1-9][\d,]*$/);
  const before = await page.locator("main").innerText();
  await page.waitForFunction((old) => document.querySelector("main").innerText !== old, before, { timeout: 10000 });
  assert.equal(await page.evaluate(() => window.loadedOnce), true);
  await page.waitForFunction(() => /[1-9][\d,]* objects?/.test(document.body.innerText), undefined, { timeout: 60000 });
  assert.match(await total.innerText(), /records?, [\d,]+ objects?, /);
  assert.deepEqual([...asked].filter((u) => u !== process1.url && !u.endsWith("/favicon.ico")), []);
  assert.equal(await page.evaluate(() => window.harm), undefined, "nor in what was asked for later");

  assert(await page.locator("table.partitions meter").count() > 0, "bars");

  // What the reader has opened stays open.
  await page.waitForFunction(() => document.querySelector("main details"), undefined, { timeout: 60000 });
  await page.locator("main details summary").first().click();
  await pause(2500);
  assert.equal(await page.locator("main details").first().evaluate((d) => d.open), true);

  // Light and dark, wide and narrow.
  const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await colour(), "rgb(255, 255, 255)");
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await colour(), "rgb(13, 17, 23)");
  await page.setViewportSize({ width: 1100, height: 800 });
  assert(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "no sideways scrolling");

  // Without scripts it is a page too.
  const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await plain.goto(process1.url);
  assert.match(await plain.locator("main").innerText(), /orders/);

  assert.deepEqual(trouble.filter((t) => !t.includes("favicon")), []);
  await process1.end();
  await page.waitForFunction(() => document.getElementById("stale").textContent.includes("does not answer"), undefined, { timeout: 10000 });
  assert.match(await page.locator("main").innerText(), /orders/, "what was known is still shown");
  console.log("the page is as it should be");
} finally {
  await process1.end();
}

if (picture) {
  const process2 = await run(["DE", "FR", "PL", "ES", "IT", "NL", "SE", "AT"], "country=AT", join(tmpdir(), "orders"));
  const page = await browser.newPage({ viewport: { width: 1000, height: 760 }, colorScheme: "light" });
  await pause(26000); // objects have landed by then
  await page.goto(process2.url);
  await page.screenshot({ path: picture });
  await process2.end();
}
await browser.close();
