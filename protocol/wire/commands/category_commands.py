"""The public commands about categories. As in `protocol.wire.commands`, a Struct's tag is the `op`."""

from protocol.wire.commands.kinds import CategoryName, InstantRead, Mutation, SavePath


class ListCategories(InstantRead, frozen=True, kw_only=True, tag="list_categories"):
    """Returns the categories, sorted by name."""


class PutCategory(Mutation, frozen=True, kw_only=True, tag="put_category"):
    """Creates a category, or changes its save path.

    A category is a name with a save path. A torrent belongs to at most one category. There are at most 1000 categories.
    If the save path changes, the files of the category's torrents are not moved.

    Fields:
        name: the category's name.
        save_path: an absolute path inside the download roots. Null means the first root. A torrent that is added with
            this category and without a `save_path` is stored there.
    """

    name: CategoryName
    save_path: SavePath | None = None


class RemoveCategory(Mutation, frozen=True, kw_only=True, tag="remove_category"):
    """Removes a category. Its torrents then have no category. The torrents and their files do not change otherwise.

    Fields:
        name: the category's name.
    """

    name: CategoryName
