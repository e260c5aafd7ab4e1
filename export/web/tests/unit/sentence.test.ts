import { expect, it } from "vitest";

import { sentence } from "../../demo/queue.js";

it("an error's message ends in one period, also where the browser's own has one", () => {
  expect(sentence(new Error("the file is empty"))).toBe("The file is empty.");
  expect(sentence(new Error("The requested file could not be read."))).toBe("The requested file could not be read.");
  expect(sentence("no error at all")).toBe("No error at all.");
});
