"""How far behind the rows are, and why."""

from itertools import groupby

from sqlalchemy import select

from ops.read_model.asking.base import Asking
from ops.read_model.control import ALIVE
from ops.read_model.tables import following, positions, unread
from ops.read_model.views import Freshness, TopicProgress
from streams.clock import real_now

NOBODY_FOLLOWS = "nobody_follows"
REBUILDING = "rebuilding"


class AskingFreshness(Asking):
    """Whether pages may be taken for the present state."""

    async def freshness(self) -> Freshness:
        """How far behind the read model is: `problem` is `broker_away`, `nobody_follows` or `rebuilding`."""
        building, now = await self._store.building(), real_now()
        async with self._store.reading() as connection:
            one = (await connection.execute(select(following))).one()
            places = (await connection.execute(select(positions).order_by(positions.c.topic))).all()
            counts = (await connection.execute(select(unread))).all()
        skipped: dict[str, int] = {}
        for row in counts:
            skipped[row.topic] = skipped.get(row.topic, 0) + row.number
        topics = []
        for topic, group in groupby(places, key=lambda row: row.topic):
            rows = list(group)
            known = [max(0, row.end_offset - row.position) for row in rows if row.end_offset is not None]
            behind = sum(known) if len(known) == len(rows) else None
            topics.append(
                TopicProgress(topic, sum(row.position for row in rows), behind, skipped.get(topic, 0))
            )
        alive = one.beat is not None and one.beat > now - ALIVE and one.holder is not None
        problem = one.problem if alive else NOBODY_FOLLOWS
        behinds = [topic.behind for topic in topics if topic.behind is not None]
        return Freshness(
            as_of=one.heard_at,
            behind=sum(behinds) if topics and len(behinds) == len(topics) else None,
            problem=problem or (REBUILDING if building else None),
            topics=topics,
            unread=sum(skipped.values()),
        )
