"""Text tables as instruments and spreadsheets leave them, and the ways they can be broken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.core.delimited import column_pair, read_delimited

PLAIN = "Wavelength (nm),PL\n450,1.5\n451,2.5\n452,3.5\n"


@pytest.fixture
def table(tmp_path):
    def read(content, encoding="utf-8"):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return read_delimited(path)

    return read


def values(found):
    return [column.values.tolist() for column in found.columns]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_with_and_without_a_mark(table, encoding):
    found = table(PLAIN, encoding)
    assert found.headings == ("Wavelength (nm)", "PL")
    assert found.columns[0].unit == "nm"
    assert values(found) == [[450, 451, 452], [1.5, 2.5, 3.5]]
    assert found.lines == (2, 3, 4)


def test_latin_1_and_shift_jis_are_told_apart(table):
    assert table("Länge µm;Stärke\n1;2\n", "latin-1").headings == ("Länge µm", "Stärke")
    assert table("波長,強度\n1,2\n", "cp932").headings == ("波長", "強度")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(table, end):
    assert values(table(PLAIN.replace("\n", end))) == [[450, 451, 452], [1.5, 2.5, 3.5]]


@pytest.mark.parametrize(
    "text",
    [
        "450,1.5\n451,2.5\n",
        "450;1,5\n451;2,5\n",
        "450;1.5\n451;2.5\n",
        "450\t1.5\n451\t2.5\n",
        "450\t1,5\n451\t2,5\n",
        "  450   1.5\n  451   2.5  \n",
        "450 1,5\n451 2,5\n",
        '"450","1.5"\n"451","2.5"\n',
        "450, 1.5\n451, 2.5\n",
        "4.5E+02,.15D1\n451,2.5\n",
        "450,1.5,,\n451,2.5,,\n,,,\n",
    ],
)
def test_delimiters_and_decimal_marks(table, text):
    assert values(table(text)) == [[450, 451], [1.5, 2.5]]


@settings(deadline=None)
@given(
    rows=st.lists(
        st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), min_size=2, max_size=2),
        min_size=1,
        max_size=12,
    ),
    form=st.sampled_from(
        [(",", "."), (";", ","), (";", "."), ("\t", "."), ("\t", ","), (" ", ".")]
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "latin-1", "utf-8-sig"]),
    heads=st.booleans(),
)
def test_what_is_written_is_read(tmp_path_factory, rows, form, end, encoding, heads):
    delimiter, mark = form
    lines = [delimiter.join(["x", "y"])] if heads else []
    lines += [delimiter.join(f"{v:.3f}".replace(".", mark) for v in row) for row in rows]
    path = tmp_path_factory.mktemp("t") / "t.txt"
    path.write_bytes(end.join(lines).encode(encoding))
    found = read_delimited(path)
    assert np.array_equal(np.transpose(values(found)), np.array(rows))
    assert found.headings == (("x", "y") if heads else ("column 1", "column 2"))


def test_facts_of_a_preamble(table):
    found = table("TITLE,\nORIGIN,JASCO\nXUNITS,NANOMETERS\nNPOINTS,2\nXYDATA\n450,1\n451,2\n")
    assert dict(found.metadata) == {"ORIGIN": "JASCO", "XUNITS": "NANOMETERS", "NPOINTS": "2"}
    assert found.headings == ("column 1", "column 2")
    other = table("# excitation: 380 nm\nslit = 2 nm\n# time_ns,counts\n0,5\n1,4\n")
    assert dict(other.metadata) == {"excitation": "380 nm", "slit": "2 nm"}
    assert other.headings == ("time_ns", "counts")


def test_units_row_and_groups(table):
    found = table("Wavelength,Intensity\n[nm],a.u.\n450,1\n451,2\n")
    assert [(c.heading, c.unit) for c in found.columns] == [
        ("Wavelength", "nm"),
        ("Intensity", "a.u."),
    ]
    pairs = table("30 s,,60 s,\nWavelength (nm),Abs,Wavelength (nm),Abs\n1,2,3,4\n5,6,7,8\n")
    assert [(c.heading, c.group) for c in pairs.columns] == [
        ("Wavelength (nm)", "30 s"),
        ("Abs", ""),
        ("Wavelength (nm)", "60 s"),
        ("Abs", ""),
    ]


def test_headings_that_are_numbers_with_a_blank_corner(table):
    found = table("XYDATA,,\n,200,210\n230,1,0\n240,2,1\n")
    assert found.headings == ("column 1", "200", "210")
    assert found.lines == (3, 4)


def test_footer_of_an_instrument_is_left_out(table):
    found = table(PLAIN + ",\nScan Version 5.3,\nStart (nm)  800.0,\n<Current> ,,352,\n12:30,\n")
    assert found.lines == (2, 3, 4)


def test_blank_cells_columns_that_stop_early_and_blank_columns(table):
    found = table("a,b,,c\n1,2,,3\n4,,,5\n\n6,,,\n7,,,\n")
    assert [column.number for column in found.columns] == [1, 2, 4]
    np.testing.assert_array_equal(found.columns[1].values, [2, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found.columns[2].values, [3, 5, np.nan, np.nan])
    assert found.lines == (2, 3, 5, 6)


def test_columns_of_words_are_kept_apart(table):
    found = table("sample,Cs,Br\nA,58,237\nB,57,\n")
    assert found.texts == {"sample": ("A", "B")}
    assert found.headings == ("Cs", "Br")
    assert found.columns[0].number == 2


def test_one_column(table):
    assert values(table("counts\n1\n5\n3\n")) == [[1, 5, 3]]


def test_pairs_by_default_by_name_and_by_number(table):
    found = table("a,b,c\n1,2,3\n4,5,6\n")
    assert [c.name for c in column_pair(found)] == ["a", "b"]
    assert [c.name for c in column_pair(found, y="C")] == ["a", "c"]
    assert [c.name for c in column_pair(found, x=2)] == ["b", "a"]
    assert [c.name for c in column_pair(found, x="c", y=1)] == ["c", "a"]


def test_unknown_and_doubtful_columns(table):
    found = table("time,counts,counts\n1,2,3\n4,5,6\n")
    with pytest.raises(InputError, match=r"'tine' is none of them\. Nearest is 'time'"):
        column_pair(found, x="tine")
    with pytest.raises(InputError, match="'counts' stands above columns 2, 3"):
        column_pair(found, y="counts")
    with pytest.raises(
        InputError, match=r"7 is none of them. .*count from 1; those with numbers are 1, 2, 3"
    ):
        column_pair(found, y=7)
    with pytest.raises(InputError, match="must hold two columns of numbers, but holds 1"):
        column_pair(table("1\n2\n"))


def test_a_truth_value_and_one_column_for_both_are_refused(table):
    found = table("a,b,c\n1,2,3\n4,5,6\n")
    for wanted in (True, False):
        with pytest.raises(InputError, match=f"name a column, but has {str(wanted).lower()}"):
            found.column(wanted)
        with pytest.raises(InputError, match="name a column, but has"):
            column_pair(found, x=wanted)
    for x, y in ((1, 1), ("b", 2), ("c", "C")):
        with pytest.raises(InputError, match=r"name two columns, but both x and y are '[abc]'"):
            column_pair(found, x=x, y=y)


def test_a_comma_as_decimal_mark_and_separator_is_refused(table):
    with pytest.raises(
        InputError, match=r"line 2: .*2 headings, but '400,5,1428,57' has 4: is the comma both"
    ):
        table("nm,PL\n400,5,1428,57\n401,0,1430,25\n")
    with pytest.raises(InputError, match=r"line 3: .*'401,1430,25' has 3"):
        table("nm,PL\n400,1428\n401,1430,25\n")
    # Blank cells past the headings, and other separators, leave no doubt.
    assert values(table("nm,PL\n400,1428,,\n401,1430,,\n")) == [[400, 401], [1428, 1430]]
    assert values(table("nm;PL\n400,5;1,5\n401,5;2,5\n")) == [[400.5, 401.5], [1.5, 2.5]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nm,PL\n450,1\n451,abc\n452,3\n", r"line 3, column 2 \(PL\): .*'abc'"),
        ("nm,PL\n450,1\n451,2\n452,abc\n", r"line 4, column 2 \(PL\): .*'abc'"),
        ("nm,PL\n450,1\nabc,2\n452,3\n", r"line 3, column 1 \(nm\): .*'abc'"),
        ("nm,PL\n450,1\n451,NaN\n452,3\n", r"line 3, column 2 \(PL\): .*'NaN'"),
        ("nm,PL\n450,nan\n451,1\n452,3\n", r"line 2, column 2 \(PL\): .*'nan'"),
        ("nm,PL\n450,1\n451,-inf\n", r"line 3, column 2 \(PL\): .*'-inf'"),
        ("nm,PL\n450,1\n451,#DIV/0!\n", r"line 3, column 2 \(PL\): .*'#DIV/0!'"),
        ("450,1\n451,1.2.3\n", r"line 2, column 2: .*'1.2.3'"),
        ("sample,Cs\nA,58\nB,x\nC,57\n", r"line 3, column 2 \(Cs\): .*'x'"),
        ("only words\nand more\n", "must hold a block of numbers, but has none"),
        ("", "is empty"),
        ("\n , ,\n", "is empty"),
        (b"\xd0\xcf\x11\xe0\0\0\0\0\x01\x02", "binary"),
        (b"\xff\xfe\x00", "binary"),
        (b"\x89PNG\r\n\x1a\n\x01\x02", "binary"),
    ],
)
def test_malformed_tables_are_refused_in_one_line(table, text, message):
    with pytest.raises(InputError, match=message) as caught:
        table(text)
    assert "table.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"gone.csv: the file must be readable"):
        read_delimited(tmp_path / "gone.csv")


def test_real_tables(real_data):
    rows = {"Run_1_UV-Vis": (251, 15), "Run_2_FL_emission": (181, 15)}
    rows |= {"Run_3_overnight_full_comparison": (451, 7), "Run_4_FL_excitation": (131, 19)}
    for name, (count, columns) in rows.items():
        found = read_delimited(real_data / "pl" / f"{name}.csv")
        assert (len(found.lines), len(found.columns)) == (count, columns)
        assert found.columns[0].unit == "nm"
        assert not np.isnan([column.values for column in found.columns]).any()
    header = read_delimited(real_data / "jasco" / "jascofilesjl_japanese_header_test.csv")
    assert header.metadata["機種名"] == "JASCO FT/IR-4700"
