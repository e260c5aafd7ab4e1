import { expect, it } from "vitest";

import { withSourceLink } from "../../scripts/source_link.mjs";

const page = '<p><a href="PACKAGE.txt">The manual</a></p>';

it("puts the source's address into the page, if there is one, and only an address", () => {
  expect(withSourceLink(page, undefined)).toBe(page);
  expect(withSourceLink(page, "https://example.org/a")).toBe('<p><a href="https://example.org/a">Source</a> <a href="PACKAGE.txt">The manual</a></p>');
  for (const wrong of ["example.org", 'https://example.org/"><b>']) expect(() => withSourceLink(page, wrong)).toThrow(/https:\/\/ address/);
  expect(() => withSourceLink("<p></p>", "https://example.org")).toThrow(/no link/);
});
