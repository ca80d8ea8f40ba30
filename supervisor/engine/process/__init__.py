"""One OS process, the link to it, and its crash report.

- A *child* is one engine process, watched through a pidfd; the *launcher* starts it from an argv in the *engine
  environment*.
- The *engine link* carries commands down and events up, and matches answers; links share the *engine socket*.
- The *kill ladder* says by which signals it is ended; the *climber* sends them.
- The *flight* is what a dead engine was doing; a *crash report* keeps it for people, with stacks and last words.
- The *code stamp* tells whether the files that an engine is loaded from have changed.
- The *describer* asks a process of its own what is stored of torrents that no engine has loaded.
"""
