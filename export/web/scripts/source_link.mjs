// The page's link to its source, whose address is known to whoever publishes it: JPEGPRE_REPOSITORY, as for the Python package.

/** The page with the link in front of its manual's; without an address, as it was. */
export function withSourceLink(html, repository) {
  if (!repository) return html;
  if (!/^https:\/\/[^\s"<>]+$/.test(repository)) throw new Error(`JPEGPRE_REPOSITORY must be an https:// address. Received: ${repository}`);
  const manual = '<a href="PACKAGE.txt">';
  if (!html.includes(manual)) throw new Error("the page has no link to the package's manual");
  return html.replace(manual, `<a href="${repository}">Source</a> ${manual}`);
}
