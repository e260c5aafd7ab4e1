from jpegpre_tf.cli.common.output.table import plain_table, print_paragraph, print_table


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


def test_a_paragraph_is_broken_between_words_on_a_terminal_only(capsys, monkeypatch):
    text = "wrote '/a/path/that/is/longer/than/the/whole/terminal.png' for JPEG quality 75"
    print_paragraph(text)
    assert capsys.readouterr().out == text + "\n"
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_paragraph(text, indent=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines] == ["wrote", *text.split(maxsplit=2)[1:2], "for JPEG quality 75"]
    assert all(line.startswith("  ") for line in lines)
