"""Takes events and answers, and works on the workflows: intake and worker in one process."""

import asyncio
import contextlib
from datetime import timedelta

import benefit
from aiohttp import ClientSession, TCPConnector
from case import Case
from directory import Directory
from google.protobuf.duration_pb2 import Duration
from outside import Outside
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

TOLD = benefit.settings()
NAMESPACE, QUEUE = "rival", "cases"
RETENTION = timedelta(days=1)
PAUSE_SECONDS = 0.5


class Cases:
    """The workflows of the cases."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def begin(self, case_id: str, iin: str, phone: str) -> None:
        """Start the workflow; with the id of one that there was it does nothing."""
        with contextlib.suppress(WorkflowAlreadyStartedError):
            await self._client.start_workflow(
                Case.run,
                args=[iin, phone],
                id=case_id,
                task_queue=QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )

    async def tell(self, case_id: str, sid: str, text: str) -> None:
        """Signal an answer; a case that has ended takes none."""
        try:
            await self._client.get_workflow_handle(case_id).signal(Case.answer, args=[sid, text])
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise


async def connect() -> Client:
    """A client of the namespace, which is made, and which the server knows after a while."""
    while True:
        try:
            client = await Client.connect(TOLD["temporal"], namespace=NAMESPACE)
            retention = Duration(seconds=int(RETENTION.total_seconds()))
            request = RegisterNamespaceRequest(
                namespace=NAMESPACE, workflow_execution_retention_period=retention
            )
            with contextlib.suppress(RPCError):
                await client.workflow_service.register_namespace(request)
            await client.count_workflows()
        except (RPCError, RuntimeError):
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return client


async def main() -> None:
    """Run it."""
    client = await connect()
    cases = Cases(client)
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        outside = Outside(session, TOLD["sms"], TOLD["decisions"])
        activities = [outside.send, outside.make_known]
        async with Worker(client, task_queue=QUEUE, workflows=[Case], activities=activities):
            url = f"http://127.0.0.1:{TOLD['port']}/answers"
            await Directory(TOLD["database"], url, cases.begin, cases.tell).listen(TOLD["port"])
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
