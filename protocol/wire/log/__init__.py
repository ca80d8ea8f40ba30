"""The results of the commands about the daemon's log.

- A *line* has a number, a time, a level, a component and fields.
- A *component* is the part of Ouzel that has written the line. Each component has a level.
"""
