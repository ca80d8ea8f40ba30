"""One OS process, the link to it, and its crash report.

- A *child* is one engine process, watched through a pidfd. The *launcher* starts it from an argv, in the *engine
  environment*.
- The *engine link* sends commands, receives events and matches answers; links share the *engine socket*.
- The *kill ladder* is the order of signals that end a child; the *climber* sends them.
- The *flight* is what was in flight when an engine died. A *crash report* stores it with stacks and log lines.
- The *code stamp* shows whether the files that an engine is loaded from have changed.
- A *helper* is a short-lived process beside the engine. The *describer* reads the stored data of torrents that no
  engine has loaded, the *exporter* makes their .torrent files, and the *hasher* makes new torrents.
"""
