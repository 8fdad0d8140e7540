/** `/tasks/{id}`: one task, watched. */

import { type Locator, type Page, expect } from "@playwright/test";

/** What the page has shown, moment by moment. */
export interface Shown {
  /** The bar, in percent. */
  bar: number[];
  /** The line of the step. */
  steps: string[];
}

const TASK_PATH = /\/tasks\/([0-9a-f-]{36})$/;

export class TaskPage {
  readonly page: Page;
  readonly heading: Locator;
  readonly bar: Locator;
  readonly step: Locator;
  readonly cancel: Locator;
  readonly stopWatching: Locator;
  readonly goOnWatching: Locator;
  readonly openResult: Locator;
  readonly pollPanel: Locator;
  readonly main: Locator;

  constructor(page: Page) {
    this.page = page;
    this.main = page.getByRole("main");
    this.heading = page.getByRole("heading", { level: 1 }).first();
    this.bar = this.main.getByRole("progressbar");
    this.step = this.main.getByRole("paragraph").filter({ hasText: /^Step \d+ of \d+: / }).first();
    this.cancel = page.getByRole("button", { name: /^cancel the task|^cancelling/i });
    this.stopWatching = page.getByRole("button", { name: "Stop watching" });
    this.goOnWatching = page.getByRole("button", { name: "Go on watching" });
    this.pollPanel = page.locator("details.polls > summary");
    this.openResult = page.getByRole("link", { name: "Open the result" });
  }

  async open(id: string): Promise<void> {
    await this.page.goto(`/tasks/${id}`);
  }

  /**
   * Waits until the page follows the task by itself: then it draws the icon; and until what is loaded after that has
   * come: then the policies can be chosen. Scripts start when the browser is idle, which takes a while where several
   * pages are busy.
   */
  async alive(): Promise<void> {
    await expect(this.page.locator("link[rel=icon]")).toHaveAttribute("href", /^data:/, { timeout: 60_000 });
    await expect(this.page.locator("details.polls fieldset")).toBeEnabled({ timeout: 60_000 });
  }

  /** Waits until the browser has come to a task's page; its id. */
  async arrived(): Promise<string> {
    await this.page.waitForURL(({ pathname }) => TASK_PATH.test(pathname));
    const id = TASK_PATH.exec(new URL(this.page.url()).pathname)?.[1];
    if (id === undefined) throw new Error(`not a task's page: ${this.page.url()}`);
    return id;
  }

  /** A sentence on the page. */
  says(text: string | RegExp): Locator {
    return this.main.getByText(text).first();
  }

  /** The status, such as `Done`. */
  status(word: string): Locator {
    return this.main.locator("[data-status]").filter({ hasText: word }).first();
  }

  /** One of the policies in the panel. */
  policy(name: string): Locator {
    return this.page.getByRole("radio", { name: new RegExp(`^${name}`) });
  }

  /** What the panel says under `label`. */
  pollFact(label: string): Locator {
    return this.page.getByRole("group").locator("div").filter({ has: this.page.getByText(label, { exact: true }) }).getByRole("definition");
  }

  async percent(): Promise<number> {
    return await this.bar.evaluate((bar) => (bar as HTMLProgressElement).value);
  }

  /** Waits until the bar has passed `percent`. */
  async passed(percent: number): Promise<void> {
    await expect(async () => expect(await this.percent()).toBeGreaterThan(percent)).toPass({ timeout: 60_000 });
  }

  /** Begins to write down what is shown; survives everything but leaving the page. */
  async record(): Promise<void> {
    await this.page.evaluate(() => {
      const shown: Shown = { bar: [], steps: [] };
      const look = () => {
        const bar = document.querySelector("main progress");
        if (bar instanceof HTMLProgressElement && bar.position >= 0 && shown.bar.at(-1) !== bar.value) shown.bar.push(bar.value);
        const step = [...document.querySelectorAll("main p")].find((p) => /^Step \d+ of \d+: /.test(p.textContent));
        if (step !== undefined && shown.steps.at(-1) !== step.textContent) shown.steps.push(step.textContent);
      };
      look();
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
      Object.assign(window, { shown });
    });
  }

  /** What was shown since `record`. */
  async shown(): Promise<Shown> {
    return await this.page.evaluate(() => (window as unknown as { shown: Shown }).shown);
  }
}

/** Expects that a bar never went back. */
export function expectMonotone(bar: number[]): void {
  expect(bar).toEqual([...bar].sort((a, b) => a - b));
}
