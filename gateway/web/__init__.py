"""The HTTP server, and functions for requests and responses.

- The *application* joins the routes of the faces. A route has one handler, `async (request) -> Response`.
- *Answers* makes responses. *Fields* are the parameters of a request, from its query or its form.
- The *server* is uvicorn with limits on slow and idle connections.
"""
