"""The command line: `ouzel`.

- `main` lists the *commands*, and handles their errors and exit codes. *Arguments* are shared by several commands.
- *Connecting* makes the client for a command. *Keys* are key pairs. `ouzel keys` generates keys without a daemon.
- *Ids* resolves what people type for a torrent. *Completion* completes ids in the shell. A *question* is asked before a
  deletion.
- *Adding* sends sources in batches. *Download* waits for a torrent, even if the engine dies.
- *Failure* prints errors for people or programs, and has the exit codes.
- `display` formats output. `sources` opens the arguments of `ouzel add`.
"""
