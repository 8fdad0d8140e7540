/** Each page, in each state, light and dark, on a desk and in a hand. */

import { Api } from "../fixtures/api.ts";
import { expectAccessible, expectNoSidewaysScroll } from "../fixtures/axe.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const PHONE = { width: 360, height: 740 };
const CSV = `name,age\n${"Ada Lovelace of a rather long name indeed,36\n".repeat(50)}`;

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    // Colours in the middle of a transition are nobody's choice.
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" }, pace: "slow", settings: { MILEPOST_AUTH_LOCAL_OPERATOR: "true" }, expectedErrors: answered(400, 404) });

    test("the pages before anything was started", async ({ page, startPage }) => {
      for (const path of ["/", "/tasks", "/account", "/admin", "/admin?search=", "/admin/audit", "/start/story", "/start/dataset", "/no/such/page", "/tasks/00000000-0000-4000-8000-000000000000"]) {
        await page.goto(path);
        await expectAccessible(page);
        await page.setViewportSize(PHONE);
        await expectNoSidewaysScroll(page);
        await page.setViewportSize({ width: 1280, height: 720 });
      }
      await startPage.open("story");
      await startPage.startStory("nowhere", "Ada");
      await expect(startPage.field(/subject/i)).toHaveAttribute("aria-invalid", "true");
      await expectAccessible(page);
      await page.setViewportSize(PHONE);
      await expectNoSidewaysScroll(page);
    });

    test("the pages of tasks in each state", async ({ page, home, taskPage, server }) => {
      await home.open();
      const api = new Api(page.request);
      server.addResearch("cancelled");
      const running = await api.start("story", { subject: SUBJECT, player: "Ada" });
      const done = await api.start("dataset", { data: CSV });
      const cancelled = await api.start("story", { subject: "cancelled", player: "Ada" });
      await page.request.post(`/api/v1/tasks/${cancelled}/cancel`);
      await Promise.all([api.untilEnded(done), api.untilEnded(cancelled)]);
      for (const path of ["/", "/tasks", `/tasks/${running}`, `/tasks/${done}`, `/tasks/${cancelled}`, `/tasks/${done}/result`, `/tasks/${done}/labels`, `/tasks/${done}/share`, `/tasks/${done}/delete`, "/admin"]) {
        await page.goto(path);
        if (path === `/tasks/${running}`) {
          await taskPage.passed(1);
          await taskPage.pollPanel.click();
        }
        await expectAccessible(page);
        await page.setViewportSize(PHONE);
        await expectNoSidewaysScroll(page);
        await page.setViewportSize({ width: 1280, height: 720 });
      }
    });

    test.describe("the result of a story", () => {
      test.use({ pace: "quick" });

      test("can be read by everybody", async ({ page, home, resultPage }) => {
        await home.open();
        const api = new Api(page.request);
        const id = await api.start("story", { subject: SUBJECT, player: "Ada" });
        await api.untilEnded(id);
        await resultPage.open(id);
        await expect(resultPage.text).toContainText("Ada");
        await expectAccessible(page);
        await page.setViewportSize(PHONE);
        await expectNoSidewaysScroll(page);
      });
    });
  });
}
