/** Pictures of each page, light, dark and narrow, for the README and for whoever works on the look. */

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, test } from "../fixtures/test.ts";
import { LOOKS, camera } from "./looks.ts";

const CSV = ["harbour,boats,landed,weather", ...Array.from({ length: 500 }, (_, row) => `${["Ost", "West", "Nord"][row % 3]},${row % 17},${(row * 7) % 101}.5,${row % 5 === 0 ? "" : "fair"}`)].join("\n");

for (const [look, options] of Object.entries(LOOKS)) {
  test.describe(look, () => {
    test.use({ ...options, deviceScaleFactor: 2, pace: "steady", expectedErrors: answered(400, 404) });

    test("pages", async ({ page, home, taskPage, startPage, server }) => {
      const take = camera(page, look);
      const api = new Api(page.request);
      server.addResearch("cancelled");
      await home.open();
      const done = await api.start("dataset", { data: CSV });
      const cancelled = await api.start("story", { subject: "cancelled", player: "Ada" });
      await page.request.post(`/api/v1/tasks/${cancelled}/cancel`);
      await Promise.all([api.untilEnded(done), api.untilEnded(cancelled)]);
      const story = await api.start("story", { subject: SUBJECT, player: "Ada" });

      await taskPage.open(story);
      await taskPage.passed(40);
      await take("task-running");
      await home.open();
      await take("home");
      await page.goto("/tasks");
      await take("tasks");
      await startPage.open("story");
      await take("start");
      await startPage.startStory("nowhere", "Ada");
      await startPage.page.locator("[aria-invalid=true]").first().waitFor();
      await take("start-refused");
      await taskPage.open(cancelled);
      await take("task-cancelled");
      await page.goto(`/tasks/${done}/result`);
      await take("result-dataset");
      await api.untilEnded(story);
      await taskPage.open(story);
      await take("task-done");
      await page.goto(`/tasks/${story}/result`);
      await take("result-story");
      await page.goto("/no/such/page");
      await take("not-found");
    });
  });
}
