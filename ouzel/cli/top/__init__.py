"""The full-screen view: `ouzel top`. Only this folder imports Textual, and only once the command runs.

- The *command* checks the terminal and the daemon, and then starts the *app*.
- A *follower* reads the event stream, and connects again after an error. A *sampler* requests health and totals.
- `view` is what the screen shows. It is pure.
- `screens` are the lists and dialogs above the main screen.
- A *line list* is a list that draws only its visible lines. *Actions* send the requests for the keys.
"""
