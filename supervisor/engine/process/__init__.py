"""One OS process, the link to the process, and its crash report.

- A *child* is one engine process. The *launcher* starts a child in the *engine environment*.
- The *engine link* sends commands and receives events. All links share the *engine socket*.
- The *kill ladder* is the order of signals that end a child. The *climber* sends these signals.
- The *flight* has the operations that were in flight when an engine died. A *crash report* is a file about an engine's
  death.
- The *code stamp* shows whether the files of the engine's code have changed.
- A *helper* is a short-lived process. The *describer* reads stored data of torrents in helpers. The *exporter* makes
  .torrent files in helpers, and the *hasher* makes new torrents in helpers.
"""
