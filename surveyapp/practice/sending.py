"""Ways to send a simulated form: through the HTTP API, or straight to the verb behind it."""

from uuid import UUID

from flask import Flask

from surveyapp.practice.world import Send


def through_api(app: Flask) -> Send:
    """Send as devices do: PUT to the application."""
    client = app.test_client(use_cookies=False)

    def send(submission_id: UUID, body: bytes) -> None:
        response = client.put(
            f"/api/submissions/{submission_id}", data=body, content_type="application/json"
        )
        if response.status_code != 201:
            raise RuntimeError(f"{response.status_code}: {response.get_data(as_text=True)}")

    return send
