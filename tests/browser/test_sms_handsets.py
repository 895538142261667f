"""The page of handsets in a real browser. `JARDEM_PICTURES=folder` keeps what it looks like."""

import asyncio
import os
from pathlib import Path

import pytest

from sms.simulator import About, Link, Simulator
from tests.browser.browser import Tab
from tests.browser.handset_page import (
    ACCOUNT,
    CHOICE,
    IBAN,
    OFFER,
    OTHER,
    PHONE,
    button,
    on,
    quick_answer,
    send,
)


async def test_a_person_reads_and_answers(simulator: Simulator, tab: Tab) -> None:
    await send(simulator, PHONE, OFFER)
    await tab.until("document.title", "(1) Handsets")
    assert await tab.run(f"{on(PHONE, '.bubble')}.textContent") == OFFER
    assert await tab.run(f"{on(PHONE, '.unread')}.textContent") == "1"
    await tab.run(quick_answer(1))
    await tab.until(f"{on(PHONE, 'li.written .note')}?.textContent.endsWith('sent')")
    await tab.until("document.title", "Handsets")
    await tab.run(f"{on(PHONE, '.write input')}.value = '<b>кз86</b>'")
    await tab.run(f"{on(PHONE, '.write')}.requestSubmit()")
    await tab.until(f"{on(PHONE, 'li:last-child .bubble')}.textContent", "<b>кз86</b>")
    assert [message.text for message in simulator.handsets.at(PHONE).messages[1:]] == ["1", "<b>кз86</b>"]
    assert tab.problems == []


async def test_switches(simulator: Simulator, tab: Tab) -> None:
    await tab.run("document.querySelector('#add input').value = '+77015550102'")
    await tab.run("document.getElementById('add').requestSubmit()")
    await tab.until("document.querySelectorAll('.phone').length", 1)
    await tab.run(f"{on(OTHER, '[data-switch=off]')}.click()")
    await tab.until(f"{on(OTHER, '.condition')}.textContent", "switched off")
    assert simulator.handsets.at(OTHER).switches.off
    await send(simulator, OTHER, OFFER)
    await tab.until(f"{on(OTHER, 'li')}?.className", "waits")
    await tab.run(f"{on(OTHER, '[data-switch=off]')}.click()")
    await tab.until(f"{on(OTHER, 'li')}.classList.contains('waits')", wanted=False)
    await tab.run(f"{on(OTHER, '[data-switch=wrong_number]')}.click()")
    await tab.until(f"{on(OTHER, '.condition')}.textContent", "wrong number")
    await send(simulator, OTHER, "another")
    await tab.until(f"{on(OTHER, 'li.lost .note')}?.textContent.includes('30005')")
    assert tab.problems == []


async def test_the_carrier_down(simulator: Simulator, tab: Tab) -> None:
    await send(simulator, PHONE, OFFER)
    await tab.until("document.title", "(1) Handsets")
    await tab.run("document.getElementById('down').click()")
    await tab.until("document.getElementById('outage').hidden", wanted=False)
    assert simulator.down
    await tab.run(quick_answer(0))
    await tab.until(f"{on(PHONE, 'li.written .note')}?.textContent.endsWith('sending…')")
    await tab.run("document.getElementById('down').click()")
    await tab.until(f"{on(PHONE, 'li.written .note')}.textContent.endsWith('sent')")
    assert tab.problems == []


async def test_what_is_typed_stays_while_messages_arrive_elsewhere(simulator: Simulator, tab: Tab) -> None:
    await send(simulator, PHONE, OFFER)
    await tab.until("document.querySelectorAll('.phone').length", 1)
    await tab.run(f"{on(PHONE, '.write input')}.focus()")
    await tab.run(f"{on(PHONE, '.write input')}.value = 'кз86 125к'")
    for number in range(3):
        await send(simulator, f"+7701555020{number}", OFFER)
        await send(simulator, PHONE, f"another {number}")
    await tab.until("document.querySelectorAll('.phone').length", 4)
    await tab.until(f"{on(PHONE, 'li:last-child .bubble')}.textContent", "another 2")
    assert await tab.run(f"{on(PHONE, '.write input')}.value") == "кз86 125к"
    assert await tab.run(f"document.activeElement === {on(PHONE, '.write input')}")


async def test_the_end_of_a_conversation_stays_in_sight(simulator: Simulator, tab: Tab) -> None:
    for number in range(12):
        await simulator.answer(PHONE, f"answer {number}")
    await tab.until("document.querySelectorAll('.talk li').length", 12)
    talk = on(PHONE, ".talk")
    beneath = f"Math.round({talk}.scrollHeight - {talk}.scrollTop - {talk}.clientHeight)"
    await tab.until(beneath, 0)
    simulator.describe(PHONE, [About(caption=f"{number} " + "a long caption " * 9) for number in range(3)])
    await tab.until(f"{on(PHONE, '.about')}.hidden", wanted=False)
    await tab.until(beneath, 0)


async def test_many_handsets_do_not_fill_the_page(simulator: Simulator, tab: Tab) -> None:
    for number in range(250):
        simulator.handsets.changed(simulator.handsets.at(f"+77015{number:06}"))
        if number % 50 == 0:
            await asyncio.sleep(0.1)
    await tab.until("document.querySelectorAll('.phone').length", 200)


async def test_quick_answers_follow_what_is_asked(simulator: Simulator, tab: Tab) -> None:
    offered = (
        f"[...{on(PHONE, '.quick')}.children].map((each) => each.innerText.replace(/\\s+/g, ' ')).join('; ')"
    )
    await send(simulator, PHONE, "a notice")
    await tab.until("document.title", "(1) Handsets")
    assert await tab.run(f"{on(PHONE, '.quick')}.hidden")
    await send(simulator, PHONE, OFFER)
    await tab.until(offered, "1 agree, in Kazakh; 2 agree, in Russian; 0 no")
    await tab.run(f"{button(2)}.focus()")
    simulator.describe(PHONE, [About(caption="agrees in Russian")])
    await tab.until(f"{on(PHONE, '.caption')}?.textContent", "agrees in Russian")
    assert await tab.run(f"document.activeElement === {button(2)}")
    await tab.run(quick_answer(2))
    await tab.until(f"{on(PHONE, '.quick')}.hidden")
    assert await tab.run(f"document.activeElement === {on(PHONE, '.talk')}.closest('.phone')")
    await send(simulator, PHONE, CHOICE)
    await tab.until(offered, "3 together, in one; 4 on its own; 0 no")
    await tab.run(quick_answer(3))
    await tab.until(f"{on(PHONE, '.quick')}.hidden")
    await send(simulator, PHONE, ACCOUNT)
    await tab.until(offered, "KZ86… paste an account; 0 no")
    await tab.run(f"{on(PHONE, '[data-fill]')}.click()")
    assert await tab.run(f"{on(PHONE, '.write input')}.value") == IBAN
    assert await tab.run(f"document.activeElement === {on(PHONE, '.write input')}")
    assert [message.text for message in simulator.handsets.at(PHONE).messages if message.inbound] == [
        "2",
        "3",
    ]
    await tab.run(f"{on(PHONE, '.write')}.requestSubmit()")
    await tab.until(f"{on(PHONE, 'li:last-child .bubble')}.textContent", IBAN)
    assert tab.problems == []


async def test_a_handset_says_whose_it_is(simulator: Simulator, tab: Tab) -> None:
    family = [About(caption="the mother <agrees>"), About(caption="the son says no")]
    simulator.describe(PHONE, family)
    captions = f"[...{on(PHONE, '.about')}.children].map((each) => each.textContent).join('; ')"
    await tab.until("document.querySelectorAll('.phone').length", 1)
    assert await tab.run(captions) == "the mother <agrees>; the son says no"
    link = Link(text="case in the console", url="http://127.0.0.1:8090/cases/0b7e1f52")
    simulator.describe(PHONE, [About(caption="the mother agrees", link=link)])
    await tab.until(captions, "the mother agreescase in the console")
    assert await tab.run(f"{on(PHONE, '.about a')}.href") == link.url
    assert tab.problems == []


@pytest.mark.parametrize("width", [320, 390, 1220, 1400])
async def test_the_badge_covers_no_digit(simulator: Simulator, tab: Tab, width: int) -> None:
    phones = [f"+7701555010{number}" for number in range(4)]
    for phone, unread in zip(phones, (1, 12, 130, 4), strict=True):
        simulator.handsets.at(phone).unread = unread
        simulator.describe(phone, [About(caption="answers after the term")])
    await tab.until("document.querySelectorAll('.phone').length", 4)
    await tab.resize(width)
    overlaps = """[...document.querySelectorAll('.phone')].map((phone) => {
        const box = (selector) => phone.querySelector(selector).getBoundingClientRect();
        const text = document.createRange();
        text.selectNodeContents(phone.querySelector('.number'));
        const number = text.getBoundingClientRect(), badge = box('.unread');
        const apart = (one, other) => one.right <= other.left || other.right <= one.left
          || one.bottom <= other.top || other.bottom <= one.top;
        return badge.width > 0 && apart(number, badge) && apart(box('.avatar'), badge)
          && apart(number, box('.more')) && number.right <= box('.glass').right;
    })"""
    assert await tab.run(overlaps) == [True] * 4
    assert await tab.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


async def test_what_it_looks_like(simulator: Simulator, tab: Tab, tmp_path: Path) -> None:
    folder = Path(os.environ.get("JARDEM_PICTURES", tmp_path))
    link = Link(text="case in the console", url="http://127.0.0.1:8090/cases/0b7e1f52")
    stories = ("answers after the term", "sends an account in lookalike letters", "says no", "never answers")
    for number, story in enumerate(stories):
        phone = f"+7701555010{number}"
        simulator.describe(phone, [About(caption=story, link=link if number else None)])
        await send(simulator, phone, OFFER)
    await simulator.answer(PHONE, "1")
    for text in (CHOICE, ACCOUNT):
        await send(simulator, PHONE, text)
    await send(simulator, OTHER, CHOICE)
    simulator.describe("+77015550109", [About(caption="a posthumous title: the family gets no SMS")])
    await tab.until("document.querySelectorAll('.talk li').length", 8)
    await tab.until("document.querySelectorAll('.waits').length", 0)
    for name, width, dark in (
        ("light", 1400, False),
        ("dark", 1400, True),
        ("narrow", 390, False),
        ("320", 320, True),
    ):
        await tab.look(folder / f"handsets-{name}.png", width=width, dark=dark)
        assert await tab.run(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), name
