import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcmatch import glob as wcmatch

from engine_proc.files import globs as globs_module
from engine_proc.files import magnet_link
from engine_proc.files.selection import DEFAULT, FLUFF, UNWANTED, priorities
from protocol.wire.desired import Selection

ROOTED = ["Show/Season 1/one.mkv", "Show/Season 1/one.srt", "Show/Season 2/two.mkv", "Show/.hidden", "Show/notes.md"]


def wanted(paths: list[str], selection: Selection, *, rooted: bool = True) -> list[str]:
    """The paths that are wanted."""
    return [path for path, priority in zip(paths, priorities(paths, selection, rooted=rooted), strict=True) if priority]


@pytest.mark.parametrize(
    ("glob", "matching"),
    [
        ("*.mkv", [0, 2]),
        ("*.MKV", [0, 2]),
        ("one.*", [0, 1]),
        ("*", [0, 1, 2, 3, 4]),
        ("**", [0, 1, 2, 3, 4]),
        ("Season 1/*", [0, 1]),
        ("season 1/*", [0, 1]),
        ("Show/Season 1/*", [0, 1]),
        ("Season 1/one.mkv", [0]),
        ("Show/Season 1/one.mkv", [0]),
        ("*/one.mkv", [0]),
        ("*/*", [0, 1, 2, 3, 4]),
        ("**/*.srt", [1]),
        ("Show/**", [0, 1, 2, 3, 4]),
        ("Show/**/*.mkv", [0, 2]),
        ("Season ?/*.mkv", [0, 2]),
        ("Season [2-9]/*", [2]),
        (".*", [3]),
        ("*hidden", [3]),
        (".HIDDEN", [3]),
        ("Season 1", []),
        ("Season 1/", []),
        ("/notes.md", []),
        ("one", []),
        ("!*.mkv", []),
        ("*.{mkv,srt}", []),
    ],
)
def test_globs(glob: str, matching: list[int]) -> None:
    """With and without the root folder, in any case. Without a slash, by name. `!` and braces are literal."""
    expected = [ROOTED[index] for index in matching]
    assert wanted(ROOTED, Selection(include=(glob,))) == expected
    assert wanted(ROOTED, Selection(exclude=(glob,))) == [path for path in ROOTED if path not in expected]


def test_a_single_star_stays_in_its_folder() -> None:
    """Two stars cross folders."""
    paths = ["a/b/c.bin", "a/b/d/e.bin"]
    assert wanted(paths, Selection(include=("b/*.bin",))) == paths[:1]
    assert wanted(paths, Selection(include=("b/**/*.bin",))) == paths


def test_a_single_file_has_no_root_folder() -> None:
    """Its path is its name."""
    assert wanted(["film.mkv"], Selection(include=("*.mkv",)), rooted=False) == ["film.mkv"]
    assert wanted(["film.mkv"], Selection(include=("film.mkv",)), rooted=False) == ["film.mkv"]
    assert wanted(["film.mkv"], Selection(include=("*/*.mkv",)), rooted=False) == []


def test_no_rules_want_everything() -> None:
    """At libtorrent's default priority."""
    assert priorities(ROOTED, Selection(), rooted=True) == [DEFAULT] * len(ROOTED)


def test_exclude_beats_include() -> None:
    """A file that both match is not wanted; one matching glob is enough."""
    rules = Selection(include=("Season 1/*", "Season 2/*"), exclude=("*.srt", "nothing"))
    assert wanted(ROOTED, rules) == [ROOTED[0], ROOTED[2]]


def test_priorities_beat_the_rules() -> None:
    """In both directions, by the file's index. An index beyond the files is ignored."""
    rules = Selection(include=("*.mkv",), priorities={"0": 0, "1": 7, "99": 1})
    assert priorities(ROOTED, rules, rooted=True) == [0, 7, DEFAULT, UNWANTED, UNWANTED]


@pytest.mark.parametrize(
    "fluff",
    [
        "Film/film.nfo",
        "Film/Film.NFO",
        "Film/www.site.url",
        "Film/read me.txt",
        "Film/codec.exe",
        "Film/check.sfv",
        "Film/sample.mkv",
        "Film/film-sample.mkv",
        "Film/film.sample.mkv",
        "Film/Sample/film.mkv",
        "Film/extra/Samples/film.mkv",
        "Film/Proof/picture.jpg",
        "Film/.DS_Store",
        "Film/Thumbs.db",
        "Film/extra/desktop.ini",
    ],
)
def test_fluff_is_left_out(fluff: str) -> None:
    """Only by `skip_fluff`."""
    paths = ["Film/film.mkv", fluff]
    assert wanted(paths, Selection(skip_fluff=True)) == paths[:1]
    assert wanted(paths, Selection()) == paths


@pytest.mark.parametrize("name", ["resampled.mkv", "sampler/a.mkv", "nfo", "samples.mkv", "a.db", "proof.mkv"])
def test_what_only_looks_like_fluff_is_wanted(name: str) -> None:
    """Parts of words do not count."""
    paths = ["Film/film.mkv", f"Film/{name}"]
    assert wanted(paths, Selection(skip_fluff=True)) == paths


def test_a_torrent_of_fluff_alone_is_downloaded() -> None:
    """Otherwise nothing would be downloaded, for no visible reason."""
    paths = ["Texts/a.txt", "Texts/b.txt"]
    assert wanted(paths, Selection(skip_fluff=True)) == paths
    assert wanted(paths, Selection(skip_fluff=True, exclude=("a.*",))) == paths[1:]


# -- any rules --------------------------------------------------------------------------------------------------------

names = st.sampled_from(["a", "B.txt", "c.mkv", ".d", "sample.mkv", "e.nfo", "f [1].bin", "ü"])
paths = st.lists(st.lists(names, min_size=1, max_size=3).map(lambda parts: "/".join(["root", *parts])), max_size=8)
common = st.sampled_from(["*", "**", "*.mkv", "root/*", "a/**", "*.TXT", ".*", "[", "f [1].bin"])
globs = st.lists(common | st.text(min_size=1), max_size=3)
selections = st.builds(
    Selection,
    include=globs,
    exclude=globs,
    skip_fluff=st.booleans(),
    priorities=st.dictionaries(st.integers(0, 9).map(str), st.integers(0, 7), max_size=4),
)


@given(paths=paths, selection=selections)
@example(paths=["root/a"], selection=Selection(include=("\0",), exclude=("[", "\\", "[!", "(", "{a,b", "~")))
def test_each_file_has_a_priority(paths: list[str], selection: Selection) -> None:
    """For any rules, each file has one priority: explicit ones as given, the others all or nothing."""
    found = priorities(paths, selection, rooted=True)
    assert len(found) == len(paths)
    for index, priority in enumerate(found):
        explicit = selection.priorities.get(str(index))
        assert priority == explicit if explicit is not None else priority in (UNWANTED, DEFAULT)


@given(paths=paths, selection=selections)
def test_skipping_fluff_only_takes_away_and_never_everything(paths: list[str], selection: Selection) -> None:
    """Only fluff is left out, and if something was wanted, something still is."""
    rules = Selection(include=selection.include, exclude=selection.exclude)
    with_fluff = set(wanted(paths, rules))
    without = set(wanted(paths, Selection(include=rules.include, exclude=rules.exclude, skip_fluff=True)))
    assert without <= with_fluff
    assert bool(without) == bool(with_fluff)
    assert with_fluff - without <= set(wanted(paths, Selection(include=tuple(FLUFF))))


@given(paths=paths, one=globs, other=globs)
def test_more_globs_only_add(paths: list[str], one: list[str], other: list[str]) -> None:
    """More globs only add to the wanted or to the excluded files."""
    if one:
        assert set(wanted(paths, Selection(include=tuple(one)))) <= set(
            wanted(paths, Selection(include=(*one, *other)))
        )
    assert set(wanted(paths, Selection(exclude=(*one, *other)))) <= set(wanted(paths, Selection(exclude=tuple(one))))


@given(paths=paths, selection=selections)
def test_case_does_not_matter(paths: list[str], selection: Selection) -> None:
    """Neither in the torrent's names nor in globs, for ASCII letters."""
    ascii_only = all(text.isascii() for text in [*paths, *selection.include, *selection.exclude])
    if ascii_only and not any("[" in glob for glob in selection.include + selection.exclude):
        upper = Selection(
            include=tuple(glob.upper() for glob in selection.include),
            exclude=tuple(glob.upper() for glob in selection.exclude),
            skip_fluff=selection.skip_fluff,
            priorities=selection.priorities,
        )
        lowered = [path.lower() for path in paths]
        assert priorities(lowered, upper, rooted=True) == priorities(paths, selection, rooted=True)


GLOBS = st.lists(
    st.one_of(
        st.sampled_from([*FLUFF, "**", "*", "?", "a/**", "**/a", "**/a/**", "*/a", "[ab]/*", "[!a]", "a/", "/a"]),
        st.text("aAb*?/.[]!", min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=4,
)
PATHS = st.lists(
    st.lists(
        st.one_of(st.sampled_from(["sample", "a.nfo", ".ds_store"]), st.text("aAb.", min_size=1, max_size=3)),
        min_size=2,
        max_size=4,
    )
    .filter(lambda parts: not {".", ".."}.intersection(parts))
    .map("/".join),
    min_size=1,
    max_size=5,
)


@given(GLOBS, PATHS)
@example(["**/sample/**"], ["sample/a", "a/sample"])
def test_globs_mean_what_they_mean_one_by_one(patterns: list[str], paths: list[str]) -> None:
    """Matching all globs at once, for names and for paths, has the same result and is faster."""
    flags = wcmatch.GLOBSTAR | wcmatch.MATCHBASE | wcmatch.DOTGLOB | wcmatch.IGNORECASE | wcmatch.FORCEUNIX
    expected = [
        path
        for path in paths
        if any(wcmatch.globmatch(each, patterns, flags=flags) for each in (path, path.partition("/")[2]))
    ]
    assert wanted(paths, Selection(include=tuple(patterns))) == expected


def test_globs_are_read_once_for_all_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """When globs were parsed for each of 100,000 files, a change of rules blocked the engine's loop for 20 seconds."""
    read = []
    expression = globs_module.expression

    def count(glob: str) -> str:
        read.append(glob)
        return expression(glob)

    monkeypatch.setattr(globs_module, "expression", count)
    paths = [f"Show/{number}.txt" for number in range(1000)]
    assert wanted(paths, Selection(include=("*1.txt", "a/b"), exclude=("*11.txt",), skip_fluff=True))
    assert sorted(read) == sorted(["*1.txt", "a/b", "*11.txt", *FLUFF])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), min_size=1, max_size=8), st.integers(0, 25))
def test_files_that_are_named_by_index_are_those(spans: list[tuple[int, int]], files: int) -> None:
    """Exactly these files are selected; indices beyond the files are ignored."""
    named = {index for first, more in spans for index in range(first, first + more + 1)}
    only = magnet_link.ranges([(first, first + more) for first, more in spans])
    found = priorities([f"r/{index}" for index in range(files)], Selection(only=only), rooted=True)
    assert {index for index, priority in enumerate(found) if priority} == named & set(range(files))


def test_named_files_stand_in_the_place_of_those_included() -> None:
    """Exclusions and explicit priorities override them, and a span without an end costs nothing."""
    paths = ["r/a.mkv", "r/b.nfo", "r/c.mkv", "r/d.mkv"]
    selected = Selection(only="0-1,3-2147483647", exclude=("a.*",), skip_fluff=True, priorities={"2": 7})
    assert priorities(paths, selected, rooted=True) == [0, 0, 7, 4]
