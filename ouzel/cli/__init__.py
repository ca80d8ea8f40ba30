"""The command line: `ouzel`.

- `main` lists the *commands*, and says how a command line ends; *arguments* are what several of them take.
- *Connecting* is how the daemon is found that they ask; `ouzel keys` makes *keys*, and asks no daemon.
- *Ids* are torrents as people name them; *completion* is what the shell completes; a *question* asks before deletion.
- *Adding* sends sources in batches; a *download* is waited for, whatever happens to the engine.
- A *failure* is an error as a person or a program reads it, with an exit code.
- `display` is what people see, and `sources` is what `ouzel add` is given.
"""
