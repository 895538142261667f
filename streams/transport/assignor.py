"""Who in the group gets which partition: as Faust says it, but for topics that have fewer than before."""

from collections.abc import Mapping

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from faust.assignor.client_assignment import ClientMetadata
from faust.assignor.partition_assignor import MemberAssignmentMapping, PartitionAssignor


class Assignor(PartitionAssignor):
    """Faust's, which leaves partitions where they were: each member says which it had.

    M13 (`faust/assignor/client_assignment.py`, `get_unassigned`): where a topic was made anew with fewer
    partitions, Faust raises of what the members had; it ends the worker that assigns, and then the next one.
    Here what they had of such a topic is forgotten, and it is shared out as one that is new.
    """

    def _perform_assignment(
        self, cluster: ClusterMetadata, member_metadata: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> MemberAssignmentMapping:
        said = {member: self._get_client_metadata(each) for member, each in member_metadata.items()}
        gone = {
            tp.topic
            for each in said.values()
            for tp in each.assignment.active_tps | each.assignment.standby_tps
            if tp.partition not in (cluster.partitions_for_topic(tp.topic) or ())
        }
        if not gone:
            return super()._perform_assignment(cluster, dict(member_metadata))
        return super()._perform_assignment(
            cluster,
            {
                member: ConsumerProtocolMemberMetadata(
                    each.version, each.subscription, _without(gone, said[member]).dumps()
                )
                for member, each in member_metadata.items()
            },
        )


def _without(topics: set[str], said: ClientMetadata) -> ClientMetadata:
    for had in (said.assignment.actives, said.assignment.standbys):
        for topic in topics & had.keys():
            del had[topic]
    return said
