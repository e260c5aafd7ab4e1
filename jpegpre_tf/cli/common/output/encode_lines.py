"""What `jpegpre encode` prints while it works and at its end."""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from jpegpre_tf import runtime
from jpegpre_tf.cli.common.output import encode_rows
from jpegpre_tf.cli.common.output.messages import print_note
from jpegpre_tf.cli.common.output.table import print_paragraph, print_table, screen_rows
from jpegpre_tf.cli.common.plan import Plan, Task
from jpegpre_tf.cli.common.process.standard_streams import STANDARD


def log_problems(arguments: argparse.Namespace, planned: Plan, log: Callable[[str], None]) -> None:
    """Logs what planning left out, a line each.

    Args:
        log: Prints one line on stderr.
    """
    for problem in planned.problems:
        if problem.is_failure:
            log_failure(arguments, str(problem.source), problem.reason, log)
        elif not arguments.quiet:
            log(f"jpegpre encode: note: {problem.reason}")


def log_failure(arguments: argparse.Namespace, source: str, reason: str, log: Callable[[str], None]) -> None:
    """Logs why a picture failed, and prints its object with `--json`."""
    log(f"jpegpre encode: error: {reason}")
    if arguments.json:
        name = STANDARD if arguments.inputs == [STANDARD] else source
        print(json.dumps({"input": name, "error": reason}), flush=True)


def hide_folder(arguments: argparse.Namespace, task: Task, text: str) -> str:
    """Returns the text without the private folder that stdin and stdout are put in."""
    for given, path in ((arguments.inputs, task.source), ([arguments.output], task.target)):
        if given == [STANDARD]:
            text = text.replace(f"{path.parent}/", "")
    return text


def name_standard(arguments: argparse.Namespace, result: runtime.EncodeResult) -> runtime.EncodeResult:
    """Returns the result with `-` for the files that stand for stdin and stdout."""
    if arguments.inputs == [STANDARD]:
        result = replace(result, source=Path(STANDARD))
    return replace(result, target=Path(STANDARD)) if arguments.output == STANDARD else result


def print_results(
    arguments: argparse.Namespace, results: list[runtime.EncodeResult], options: runtime.EncodeOptions
) -> None:
    """Prints the table and the sentence at the end of a run."""
    if arguments.details:
        rows = [encode_rows.to_detailed_row(result) for result in results]
        print_table(encode_rows.DETAILED_HEADER, rows, encode_rows.to_detailed_totals(results))
    elif len(results) > 1:
        totals = encode_rows.to_totals(results)
        print_table(encode_rows.HEADER, encode_rows.to_rows(results), totals, most_rows=screen_rows())
    edited = sum(result.edit_reason is not None for result in results)
    look = encode_rows.describe_look(options.tables, edited, len(results))
    for sentence in (encode_rows.to_sentence(results, look), *encode_rows.to_edit_sentences(results)):
        print_paragraph(sentence)


def print_resumed(done: int, pictures: int) -> None:
    """Prints how many of the pictures had been done before."""
    said = f"{done:,} of {pictures:,} pictures had been done" if done else "nothing had been done"
    left = ": nothing to do" if done == pictures else ""
    print_note(f"{said} by a run with the same options{left}", "encode")
