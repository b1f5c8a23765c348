"""What a person does in Prefect's UI (v2), as functions over a `browser.Page`.

Fields are found by their labels, as shown in the form without "(Optional)": a parameter by its own name, a
field of a spec with a capital (`learning_rate` is "Learning Rate").
"""

import json
import time
from contextlib import suppress

from tests.drills.asking import ask
from tests.drills.browser import FIND, Page

STATES = ("Scheduled", "Late", "Pending", "Running", "Retrying", "AwaitingRetry", "AwaitingConcurrencySlot")
ENDS = ("Completed", "Cached", "Failed", "Crashed", "Cancelled", "Cancelling")


def open_run_form(page: Page, site: str, deployment: str) -> None:
    """Deployments -> the deployment -> Run -> Custom run."""
    page.open(f"{site}/v2/deployments")
    follow(page, f"({FIND})({json.dumps(deployment)}, 'a')", "/deployments/deployment/")
    open_menu(page, "Run", "button")
    page.click("Custom run", "[role=menuitem]")
    page.until(f"!!{field('Run Name')}")


def field(label: str, index: int = 0) -> str:
    """A script that finds the field of the `index`-th label of that text."""
    return (
        "(l => { const e = [...document.querySelectorAll('label')]"
        ".filter(x => x.innerText.replace(/ \\(Optional\\)$/, '').trim() === l)"
        f"[{index}]; return e && (e.control || document.getElementById(e.htmlFor)); }})({json.dumps(label)})"
    )


def fill(page: Page, label: str, text: str, index: int = 0) -> None:
    """Type a value; a form that is still filling in its defaults overwrites it, so look and type again."""
    for _ in range(10):
        page.fill(field(label, index), text)
        page.settle(0.5)
        if value(page, label, index) == text:
            return
    raise TimeoutError(f"{label} does not keep {text!r}")


def fill_all(page: Page, values: dict[str, str]) -> None:
    """Until every value has stayed: a form that is still filling in its defaults takes them back."""
    for _ in range(10):
        for label, text in values.items():
            fill(page, label, text)
        page.settle(1.0)
        if all(value(page, label) == text for label, text in values.items()):
            return
    raise TimeoutError(f"the form does not keep {values}")


def write_json(page: Page, settings: object) -> None:
    """Into the first field of a form that takes JSON; typed again where the form's defaults come after."""
    editor = "document.querySelector('main .cm-content')"
    text = json.dumps(settings)
    for _ in range(10):
        page.until(f"!!{editor}")
        page.run(f"{editor}.scrollIntoView({{block: 'center'}}), {editor}.focus()")
        select_all = {"key": "a", "code": "KeyA", "windowsVirtualKeyCode": 65, "modifiers": 2}  # with Control
        page.call("Input.dispatchKeyEvent", type="rawKeyDown", **select_all)
        page.call("Input.dispatchKeyEvent", type="keyUp", **select_all)
        page.call("Input.insertText", text=text)
        page.settle(0.5)
        if page.run(f"{editor}.innerText").replace("\n", "") == text:
            return
    raise TimeoutError(f"the form does not keep {text}")


def choose(page: Page, label: str, option: str, index: int = 0) -> None:
    """A `Literal`: opens the select and takes an option."""
    page.click_element(field(label, index))
    page.click(option, "[role=option]")


def switch(page: Page, label: str) -> None:
    page.click_element(field(label))


def value(page: Page, label: str, index: int = 0) -> str:
    return str(page.until(f"(e => e && (e.value || e.innerText || ' '))({field(label, index)})")).strip()


def submit(page: Page, seconds: float = 120.0) -> str:
    """Start the run that the form describes; its id.

    Known from the server by the name that the form gives the run: the page's own note about it slides in and away. A
    click that was lost on a page that was still drawing itself is made again while there is no such run.
    """
    name, site = value(page, "Run Name"), page.address.partition("/v2/")[0]
    deadline, again = time.monotonic() + seconds, 0.0
    while not (found := runs_named(site, name)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no run {name!r} within {seconds:.0f} s of a click on Submit")
        if time.monotonic() > again:
            page.click("Submit", "button")
            again = time.monotonic() + 20.0
        time.sleep(0.5)
    return found[0]


def runs_named(site: str, name: str) -> list[str]:
    """Ids of the flow runs of that name."""
    found = ask(f"{site}/api/flow_runs/filter", {"flow_runs": {"name": {"any_": [name]}}})
    return [str(run["id"]) for run in found]


def refusal(page: Page) -> str:
    """Submit a form that should not go; what the browser or the form says against it."""
    before = page.address
    page.click("Submit", "button")
    said = page.until(
        "(document.querySelector('main input:invalid, main textarea:invalid') || {}).validationMessage"
        " || [...document.querySelectorAll('main [role=alert], main .text-destructive, main .text-red-500,"
        " [data-sonner-toast]')].map(e => e.innerText.trim()).filter(Boolean)[0]"
    )
    if page.address != before:
        raise AssertionError(f"the form was accepted: {page.address}")
    return str(said)


def open_run(page: Page, site: str, run: str, tab: str = "Logs") -> None:
    """`tab` is one of Logs, TaskRuns, SubflowRuns, Artifacts, Details, Parameters."""
    page.open(f"{site}/v2/runs/flow-run/{run}?tab={tab}")


def state(page: Page) -> str:
    """Of the run whose page is open: the first line that is the name of a state."""
    lines = [line.strip() for line in page.text.splitlines()]
    return next((line for line in lines if line in STATES + ENDS), "")


def wait_state(page: Page, *wanted: str, seconds: float = 90.0) -> str:
    names = json.dumps(STATES + ENDS)
    first = f"document.body.innerText.split('\\n').map(l => l.trim()).find(l => {names}.includes(l))"
    page.until(f"{json.dumps(wanted)}.includes({first})", seconds, f"a run that is {' or '.join(wanted)}")
    return state(page)


def open_menu(page: Page, text: str, role: str) -> None:
    """A click on a page that is still drawing itself opens nothing, so look and click again."""
    for _ in range(10):
        page.click(text, role)
        page.settle(0.5)
        if page.run("!!document.querySelector('[role=menuitem]')"):
            return
    raise TimeoutError(f"the menu {text!r} does not open on {page.address}")


def from_menu(page: Page, item: str, confirm: str) -> None:
    """The menu with three dots at the top right, then the dialog's button."""
    open_menu(page, "Open menu", "main button")
    page.click(item, "[role=menuitem]")
    page.click(confirm, "[role=dialog] button, [role=alertdialog] button")


def cancel(page: Page) -> None:
    from_menu(page, "Cancel", "Cancel Flow Run")


def retry(page: Page) -> None:
    """Offered for failed, crashed and cancelled runs of a deployment."""
    from_menu(page, "Retry", "Retry")


def task_states(page: Page, site: str, run: str) -> list[str]:
    """The states of a run's tasks as its Task Runs tab lists them, newest first."""
    open_run(page, site, run, "TaskRuns")
    page.wait_text("Items per page")
    lines = [line.strip() for line in page.text.splitlines()]
    return [line for line in lines if line in STATES + ENDS][1:]  # the first is the run's own


def open_artifact(page: Page, site: str, run: str, key: str) -> None:
    """Run -> Artifacts -> the key -> its newest version."""
    open_run(page, site, run, "Artifacts")
    follow(page, link(f"/artifacts/key/{key}"), "/artifacts/key/")
    page.settle(2.0)  # the run's own list, still shown for a moment, has such links too
    follow(page, link("/artifacts/artifact/"), "/artifacts/artifact/")


def open_report(page: Page, site: str, run: str, key: str = "report") -> None:
    """The click that opens the report that a run's link artifact points at."""
    open_artifact(page, site, run, key)
    follow(page, link("/reports/"), "/reports/")


def link(address: str) -> str:
    """A script that finds a link by a part of its address."""
    return f"document.querySelector('a[href*={json.dumps(address)}]')"


def follow(page: Page, element: str, path: str) -> None:
    """Click a link until its page is there: a click on a page that is still drawing itself is lost."""
    for _ in range(10):
        with suppress(TimeoutError):
            page.click_element(element, 10)
        with suppress(TimeoutError):
            page.until(f"location.pathname.includes({json.dumps(path)})", 3)
            return
    raise TimeoutError(f"no click leads from {page.address} to {path}")
