/** What a task says, is called and makes is text, wherever it is shown: nothing of it is run, fetched or obeyed. */

import type { Page } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { Commands, WAIT_FOR } from "../fixtures/commands.ts";
import { answered, expect, test } from "../fixtures/test.ts";

/** Leaves every element whose content is no markup, then adds elements of its own. */
const TRAP = `</title></textarea></noscript><x-mark></script><script>document.title='caught'</script><img src=x onerror="document.title='caught'"><svg onload="document.title='caught'">`;
/** For what has a name of 100 characters at most. */
const SHORT = `</title><x-mark></script><img src=x onerror="document.title='caught'">`;
const NAMES = [`"><img src=x onerror=document.title='caught'>.html`, `javascript:document.title='caught'.txt`, `<!--<script>.csv`, "%2e%2e%2f.md", "turned\u202etxt.exe"];

/** For a shell: one argument, whatever is in it. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

const commands = new Commands(
  `[commands.nasty]
title = ${JSON.stringify(`Nasty ${SHORT}`)}
description = ${JSON.stringify(TRAP)}
argv = ["sh", "{config_dir}/nasty.sh", "{gate}", "{word}"]
set_env = { GATES = "{folder}" }
stages = [{ name = ${JSON.stringify(`One ${SHORT}`)} }, { name = "Two" }]
results = ["*"]
[commands.nasty.params.gate]
type = "text"
required = true
[commands.nasty.params.word]
type = "text"
title = ${JSON.stringify(`Word ${SHORT}`)}
description = ${JSON.stringify(TRAP)}
[commands.scripts]
argv = ["sh", "{config_dir}/scripts.sh"]
results = ["*"]
[commands.fails]
title = "Fails"
argv = ["sh", "{config_dir}/fails.sh"]
`,
  {
    "nasty.sh": `${WAIT_FOR}
say() { printf '%s\\n' "$1" >&"$MILEPOST_PROGRESS_FD"; }
say ${quoted(JSON.stringify({ stage: 1, progress: 0.5, message: TRAP, preserved: TRAP }))}
echo ${quoted(TRAP)}
echo ${quoted(TRAP)} >&2
printf '\\033]8;;javascript:alert(1)\\007a link\\033]8;;\\007 \\033[31mred\\033[0m \\033[2J\\033]0;caught\\007 \\033[6n\\n'
# What is said to be progress, and is not.
echo '{"progress": 1}'
echo '{"status":"completed","progress":100}'
${NAMES.map((name) => `echo ${quoted(TRAP)} > ${quoted(name)}`).join("\n")}
wait_for "$1"
echo end
`,
    "scripts.sh": `caught="document.title = 'caught'; postMessage('caught')"
echo "$caught" > evil.js
echo "$caught; export default 1" > evil.mjs
echo 'body { outline: 3px solid red }' > evil.css
echo "<script>parent.document.title = 'caught'</script>" > evil.html
echo "<svg xmlns='http://www.w3.org/2000/svg'><script>parent.document.title = 'caught'</script></svg>" > evil.svg
`,
    "fails.sh": `echo ${quoted(TRAP)} >&2; exit 3\n`,
  },
);

test.use({ settings: commands.settings });

/** Fails the test for whatever the pages' policy has to forbid; the console is watched as well. */
async function watch(page: Page): Promise<() => Promise<void>> {
  const forbidden: string[] = [];
  const asked: string[] = [];
  await page.exposeFunction("forbidden", (what: string) => forbidden.push(what));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      void (window as unknown as { forbidden(what: string): Promise<void> }).forbidden(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page.on("dialog", (dialog) => void dialog.dismiss().then(() => forbidden.push(`dialog ${dialog.message()}`)));
  // Nothing on a page may ask for what a trap names.
  page.on("request", (request) => /\/x$|alert/.test(request.url()) && asked.push(request.url()));
  return async () => {
    await expect(page).not.toHaveTitle(/^caught/);
    await expect(page.locator("main :is([onerror], [onload], script:not([type='application/json']), svg[onload], img[src='x'])")).toHaveCount(0);
    await expect(page.locator("a[href^='javascript' i], x-mark")).toHaveCount(0);
    expect(forbidden, page.url()).toEqual([]);
    expect(asked, page.url()).toEqual([]);
  };
}

test("a running command can neither run anything on a page nor claim to be done", async ({ page, home, startPage, taskPage, tasksPage }) => {
  const expectHarmless = await watch(page);
  const gate = commands.gate();
  await home.open();
  await expect(home.card("nasty")).toContainText(TRAP);
  await expectHarmless();
  await home.card("nasty").click();
  await expect(page.getByText(`Word ${SHORT}`)).toBeVisible();
  await expectHarmless();
  await startPage.field("Gate").fill(gate);
  await startPage.field(/^word/i).fill(TRAP);
  await startPage.submit.click();
  const id = await taskPage.arrived();
  const log = page.getByRole("group", { name: "Lines of the log" });
  await expect(log).toContainText(TRAP);
  await expect(log).toContainText("a link red");
  await expect(taskPage.step).toContainText(TRAP);
  await expectHarmless();
  // What it prints is no progress: half of the first of two stages.
  await expect(log).toContainText('{"status":"completed","progress":100}');
  const task = await new Api(page.request).task(id);
  expect([task.status, task.progress]).toEqual(["running", 25]);
  await expect.poll(() => taskPage.percent()).toBe(25);
  // The same as the server renders it, and as the list shows it.
  await page.reload();
  await expect(taskPage.step).toContainText(TRAP);
  await expectHarmless();
  await tasksPage.open();
  await expect(tasksPage.row(id)).toContainText(SHORT);
  await expectHarmless();

  await taskPage.open(id);
  await taskPage.cancel.click();
  await expect(taskPage.says("Kept: ")).toContainText(TRAP);
  await expectHarmless();
});

test("what a command has made is harmless on every page that shows it", async ({ page, home, taskPage, resultPage }) => {
  const expectHarmless = await watch(page);
  const gate = commands.gate();
  commands.open(gate);
  await home.open();
  const api = new Api(page.request);
  const id = await api.start("nasty", { gate, word: TRAP });
  expect((await api.untilEnded(id)).status).toBe("completed");
  await taskPage.open(id);
  await expectHarmless();
  await resultPage.open(id);
  await expect(resultPage.text).toContainText(TRAP);
  await expectHarmless();
  await page.goto(`/tasks/${id}/files`);
  const links = page.getByRole("main").getByRole("listitem").locator("a:not([download])");
  await expect(links).toHaveCount(NAMES.length);
  for (const address of await links.evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href))) {
    await page.goto(address);
    expect(new URL(page.url()).pathname, "no name leads out of its folder").toMatch(new RegExp(`^/tasks/${id}/files/[^/]+$`));
    await expect(page.getByRole("main")).toContainText("Download");
    await expectHarmless();
  }
  // The mark that would turn the end of a name around is gone.
  await expect(page.locator("body")).not.toContainText("\u202e");
});

test("the last words of a command that fails are text, too", async ({ page, home, taskPage, tasksPage }) => {
  const expectHarmless = await watch(page);
  await home.open();
  const id = await new Api(page.request).start("fails", {});
  await taskPage.open(id);
  await expect(taskPage.status("Failed")).toBeVisible();
  await expect(page.getByRole("region", { name: "What went wrong" })).toContainText(TRAP);
  await expectHarmless();
  await tasksPage.open();
  await expect(tasksPage.row(id)).toContainText("exit code 3");
  await expectHarmless();
});

test("a form is filled in with what a link says, as text, and a title is that text once", async ({ page, home, startPage, taskPage }) => {
  const expectHarmless = await watch(page);
  for (const kind of ["dataset", "nasty"]) {
    for (const path of ["start", "start-several"]) {
      const field = kind === "dataset" ? "data" : "word";
      await page.goto(`/${path}/${kind}?${field}=${encodeURIComponent(`\n${TRAP}`)}`);
      const input = page.locator(`[name=${field}]`);
      // A field of one line drops line ends.
      await expect(input).toHaveValue((await input.evaluate((it) => it.tagName)) === "TEXTAREA" ? `\n${TRAP}` : TRAP);
      await expectHarmless();
    }
  }
  await home.open();
  const id = await new Api(page.request).start("dataset", { data: "a\n1\n", name: SHORT });
  await taskPage.open(id);
  await expect(taskPage.status("Done")).toBeVisible();
  await expect(page).toHaveTitle(new RegExp(`Data set: ${SHORT.replaceAll(/[()[\].*+?^$|\\]/g, "\\$&")}.* · Milepost$`));
  await expectHarmless();
  await startPage.open("nasty");
  await expectHarmless();
});

test.describe("a file of a task", () => {
  test.use({ expectedErrors: /Content Security Policy|status of 403|MIME type|fetch the worker|dynamically imported module|ServiceWorker|chrome-error|frame/i });

  test("is not run by a page of this site, whatever names it", async ({ page, home, taskPage }) => {
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("scripts", {});
    expect((await api.untilEnded(id)).status).toBe("completed");
    const at = (name: string) => `/api/v1/tasks/${id}/files/${name}`;
    for (const name of ["evil.js", "evil.mjs", "evil.css", "evil.html", "evil.svg"]) {
      const answer = await page.request.get(at(name));
      expect(answer.headers()["content-type"], name).toMatch(/^text\/plain|^application\/octet-stream/);
    }
    // As if something had come through into a page: the page's own policy is the same.
    await page.route(`**/tasks/${id}`, async (route) => {
      const answer = await route.fetch();
      const smuggled = `<script src="${at("evil.js")}"></script><script type="module" src="${at("evil.mjs")}"></script>
        <link rel="stylesheet" href="${at("evil.css")}"><iframe src="${at("evil.html")}"></iframe><object data="${at("evil.svg")}"></object>
        <embed src="${at("evil.svg")}"><style>@import "${at("evil.css")}";</style><script>document.title = "caught"</script></body>`;
      await route.fulfill({ response: answer, body: (await answer.text()).replace("</body>", smuggled) });
    });
    await taskPage.open(id);
    await expect(taskPage.status("Done")).toBeVisible();
    await page.unroute(`**/tasks/${id}`);
    // What a script of the page itself names is refused by the file's address.
    const outcomes = await page.evaluate(async (urls) => {
      const loaded = async (element: HTMLElement) =>
        await new Promise<string>((resolve) => {
          element.onload = () => resolve("loaded");
          element.onerror = () => resolve("refused");
          document.head.append(element);
        });
      const started = async (worker: () => Worker | SharedWorker) =>
        await new Promise<string>((resolve) => {
          try {
            const it = worker();
            it.onerror = () => resolve("refused");
            if ("onmessage" in it) it.onmessage = () => resolve("ran");
          } catch {
            resolve("refused");
          }
        });
      return [
        await loaded(Object.assign(document.createElement("script"), { src: urls.js })),
        await loaded(Object.assign(document.createElement("script"), { src: urls.mjs, type: "module" })),
        await loaded(Object.assign(document.createElement("link"), { href: urls.css, rel: "stylesheet" })),
        await import(urls.mjs).then(() => "ran", () => "refused"),
        await started(() => new Worker(urls.js)),
        await started(() => new Worker(urls.mjs, { type: "module" })),
        await started(() => new SharedWorker(urls.js)),
        await navigator.serviceWorker.register(urls.js).then(() => "ran", () => "refused"),
      ];
    }, { js: at("evil.js"), mjs: at("evil.mjs"), css: at("evil.css") });
    expect(outcomes).toEqual(outcomes.map(() => "refused"));
    await expect(page).not.toHaveTitle(/caught/);
    expect(await page.evaluate(() => getComputedStyle(document.body).outlineStyle)).toBe("none");
  });
});

test.describe("an address", () => {
  test.use({ expectedErrors: answered(404) });

  test("that is a trap is answered with a page that says that there is nothing", async ({ page }) => {
    const expectHarmless = await watch(page);
    const trap = encodeURIComponent(TRAP);
    for (const path of [`/start/${trap}`, `/tasks/${trap}`, `/batches/${trap}`, `/${trap}`, `/tasks?q=${trap}&kind=${trap}`, `/start/story?from=${trap}`]) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
      await expectHarmless();
    }
  });
});
