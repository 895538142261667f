"""The row of handsets, filtered by what they wait for, their numbers and their captions."""

from sms.simulator import About, Simulator
from tests.browser.browser import Tab
from tests.browser.handset_page import OFFER, OTHER, PHONE, button, on, quick_answer, send


async def shown(tab: Tab, *phones: str) -> None:
    """Wait until these handsets are shown and no others."""
    names = "[...document.querySelectorAll('.phone:not([hidden])')].map((each) => each.ariaLabel.slice(-2))"
    await tab.until(f"{names}.sort().join(' ')", " ".join(sorted(phone[-2:] for phone in phones)))


async def choose(tab: Tab, show: str) -> None:
    await tab.run(f"document.querySelector('[name=show][value={show}]').click()")


async def test_the_row_is_filtered_by_what_handsets_wait_for(simulator: Simulator, tab: Tab) -> None:
    third = "+77015550103"
    simulator.describe(third, [About(caption="Answers after the term")])
    await send(simulator, PHONE, OFFER)
    await send(simulator, OTHER, "a notice")
    await tab.until("document.title", "(2) Handsets")
    await simulator.answer(OTHER, "1")
    simulator.handsets.at(third).switches.off = True
    simulator.handsets.changed(simulator.handsets.at(third))
    await shown(tab, PHONE, OTHER, third)
    for show, phones in {
        "asked": [PHONE],
        "failing": [third],
        "silent": [PHONE, third],
        "unread": [PHONE],
    }.items():
        await choose(tab, show)
        await shown(tab, *phones)
        assert await tab.run("location.hash") == f"#show={show}"
        counted = f"document.querySelector('[name=show][value={show}]').parentElement.innerText"
        assert (await tab.run(counted)).endswith(f" {len(phones)}")
    await tab.run(quick_answer(1))
    await tab.until("document.getElementById('none').hidden", wanted=False)
    await tab.run("document.getElementById('everything').click()")
    await shown(tab, PHONE, OTHER, third)
    assert await tab.run("location.hash") == ""
    for wanted, phones in {"after THE": [third], "555 01 02": [OTHER], "nobody": []}.items():
        await tab.run(f"document.getElementById('find').value = '{wanted}'")
        await tab.run("document.getElementById('find').dispatchEvent(new Event('input'))")
        await shown(tab, *phones)
    assert tab.problems == []


async def test_the_filter_stands_in_the_address(simulator: Simulator, tab: Tab) -> None:
    await send(simulator, PHONE, OFFER)
    await send(simulator, OTHER, OFFER)
    await tab.until("document.title", "(2) Handsets")
    await simulator.answer(OTHER, "1")
    await tab.open(f"{simulator.url}/?again#show=asked&find=0101")
    await shown(tab, PHONE)
    assert await tab.run("document.getElementById('find').value") == "0101"
    await tab.run("location.hash = '#show=nonsense'")
    await shown(tab, PHONE, OTHER)


async def test_a_handset_that_somebody_is_at_stays_until_they_have_gone(
    simulator: Simulator, tab: Tab
) -> None:
    await send(simulator, PHONE, OFFER)
    await choose(tab, "asked")
    await shown(tab, PHONE)
    await tab.run(f"{button(1)}.focus()")
    await tab.run(quick_answer(1))
    await tab.until(f"{on(PHONE, '.quick')}.hidden")
    await shown(tab, PHONE)
    await tab.run("document.getElementById('find').focus()")
    await shown(tab)
