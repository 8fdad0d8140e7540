/** Below a path of a host that others use as well, behind nginx. */

import type { Page } from "@playwright/test";

import { Nginx, type Way } from "../fixtures/nginx.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const PATH = "/tools/milepost";

/** What was asked for outside of the path. */
function astray(page: Page): string[] {
  const paths: string[] = [];
  page.context().on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (request.url().startsWith("http") && !pathname.startsWith(`${PATH}/`)) paths.push(pathname);
  });
  return paths;
}

const WAYS: { way: Way; settings: Record<string, string> }[] = [
  { way: "left", settings: { MILEPOST_HTTP_BASE_PATH: PATH } },
  { way: "removed", settings: { MILEPOST_HTTP_TRUSTED_PROXIES: "127.0.0.1" } },
];

for (const { way, settings } of WAYS) {
  test.describe(`a path that the proxy has ${way}`, () => {
    test.use({ settings });
    let nginx: Nginx;
    let home: string;

    test.beforeEach(async ({ server }) => {
      nginx = await Nginx.start(server.url, PATH, way);
      home = `${nginx.origin}${PATH}/`;
    });
    test.afterEach(async ({ page }) => {
      // A page that still loads its icon would complain of the end.
      await page.close();
      await nginx.stop();
    });

    for (const javaScriptEnabled of [true, false]) {
      test.describe(javaScriptEnabled ? "with scripts" : "without scripts", () => {
        test.use({ javaScriptEnabled });

        test("a story is started, followed, read and run again", async ({ page, startPage, taskPage, resultPage }) => {
          const paths = astray(page);
          await page.goto(home);
          await page.getByRole("main").getByRole("link", { name: /story/i }).first().click();
          await startPage.startStory(SUBJECT, "Ada");
          await page.waitForURL(`${home}tasks/*`);
          await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
          await taskPage.openResult.click();
          await expect(resultPage.text).toContainText("Ada");
          await page.goBack();
          await page.getByRole("button", { name: "Run again" }).click();
          await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
          await page.getByRole("link", { name: "Tasks" }).click();
          await expect(page.getByRole("main").getByRole("listitem").filter({ has: page.getByRole("link") })).toHaveCount(2);
          expect(paths, "nothing outside of the path").toEqual([]);
        });

        test("a file is uploaded and profiled", async ({ page, startPage, taskPage }) => {
          const paths = astray(page);
          await page.goto(`${home}start/dataset`);
          await startPage.file.setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n1,2\n") });
          await startPage.submit.click();
          await page.waitForURL(`${home}tasks/*`);
          await expect(taskPage.status("Done")).toBeVisible({ timeout: 60_000 });
          expect(paths).toEqual([]);
        });
      });
    }

    test("links of the API and the cookie are below the path", async ({ page }) => {
      await page.goto(home);
      const cookies = await page.context().cookies(home);
      expect(cookies.map(({ path }) => path)).toEqual([way === "left" ? PATH : "/"]);
      const started = await page.request.post(`${home}api/v1/tasks`, { data: { kind: "dataset", input: { data: "a\n1\n" } } });
      const location = started.headers()["location"] ?? "";
      expect(location).toMatch(new RegExp(`^${PATH}/api/v1/tasks/`));
      await expect(async () => {
        const status = (await (await page.request.get(`${nginx.origin}${location}`)).json()) as { result?: { href: string } };
        expect(status.result?.href).toMatch(new RegExp(`^${PATH}/api/v1/tasks/.*/result$`));
      }).toPass();
    });

    test.describe("a mistake in a form", () => {
      test.use({ expectedErrors: answered(400, 404), javaScriptEnabled: false });

      test("is shown with a summary whose links stay on the page", async ({ page, startPage }) => {
        await page.goto(`${home}start/story`);
        await startPage.startStory("nowhere", "Ada");
        await page.getByRole("alert").getByRole("link").first().click();
        expect(new URL(page.url()).pathname).toBe(`${PATH}/start/story`);
        await expect(startPage.field(/player/i)).toHaveValue("Ada");
        const missing = await page.goto(`${home}no/such/page`);
        expect(missing?.status()).toBe(404);
        await page.getByRole("link", { name: "Tasks" }).first().click();
        await page.waitForURL(`${home}tasks`);
      });
    });
  });
}
