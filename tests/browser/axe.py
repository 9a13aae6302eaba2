"""Axe: the accessibility rules of axe-core, run on a page that is open in Chromium."""

from collections.abc import Mapping
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Frame, Page

IMPACTS = ("serious", "critical")
ALSO = ("heading-order",)  # moderate, but a page without an outline is hard to find one's way in

RUN = """async ({ impacts, also, except, rules }) => {
  const only = rules && { runOnly: rules };
  const found = await axe.run(document, { resultTypes: ["violations"], elementRef: true, ...only });
  const excused = (rule, element) => (except[rule] ?? []).some((selector) => element?.closest(selector));
  return found.violations
    .filter((one) => impacts.includes(one.impact) || also.includes(one.id))
    .flatMap((one) => one.nodes.filter((node) => !excused(one.id, node.element)).map((node) => ({
      rule: one.id,
      impact: one.impact,
      target: node.target.flat(2).join(" "),
      html: node.html.replaceAll(/\\s+/g, " ").slice(0, 300),
      why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; "),
    })));
}"""


def violations(
    page: Page | Frame,
    *,
    impacts: tuple[str, ...] = IMPACTS,
    except_for: Mapping[str, tuple[str, ...]] | None = None,
    rules: tuple[str, ...] | None = None,
) -> list[str]:
    """Return what axe-core finds on the page as it is now, a line for each element; an empty list if nothing.

    ``except_for`` maps a rule to the selectors of elements, and all within them, that it does not judge.
    ``rules`` are all that it looks at; without, every rule.
    """
    if not page.evaluate("() => typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(
        RUN, {"impacts": impacts, "also": ALSO, "except": dict(except_for or {}), "rules": rules}
    )
    return [f"{one['rule']} ({one['impact']}): {one['target']} · {one['why']} · {one['html']}" for one in found]
