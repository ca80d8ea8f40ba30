"""What all faces need of HTTP.

- The *application* joins the routes of the faces. A route has one handler, `async (request) -> Response`.
- *Answers* are responses of several kinds. *Fields* are the parameters of a request, from its query or its form.
- The *server* is uvicorn with limits on slow and idle connections.
"""
