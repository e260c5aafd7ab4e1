from jpegpre_tf.cli.common.table import plain_table, print_table


def test_plain_columns_line_up():
    table = plain_table(
        ("file", "size"), [("a.jpg", "1"), ("longer name.jpg", "1,234")], ("2 files", "1,235")
    )
    assert table.splitlines() == [
        "file              size",
        "----------------------",
        "a.jpg                1",
        "longer name.jpg  1,234",
        "----------------------",
        "2 files          1,235",
    ]


def test_a_terminal_gets_whole_names_without_markup(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    print_table(("file", "size"), [("[bold]x[/bold].jpg", "1")], ("1 file", "1"))
    assert "[bold]x[/bold].jpg" in capsys.readouterr().out
