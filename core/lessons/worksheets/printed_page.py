"""Print a worksheet: one HTML page for A4 paper, black on white, that loads nothing."""

import re
from collections.abc import Sequence
from html import escape

from core.lessons.titles import LESSONS
from core.lessons.worksheets.worksheet import LESSON_MINUTES, Blank, FillTable, Question, Step, Worksheet

_STYLE = """
@page { size: A4; margin: 11mm 14mm 10mm; }
* { box-sizing: border-box; }
html { background: #fff; color: #000; color-scheme: light; }
body { font: 9.8pt/1.3 system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; margin: 0 auto; }
button { font: inherit; margin: 5mm 0; padding: 2mm 5mm; }
header { border-bottom: 1.5pt solid #000; padding-bottom: 1.5mm; margin-bottom: 2.5mm; }
.kind { display: flex; justify-content: space-between; font-size: 9pt; }
h1 { font-size: 17pt; line-height: 1.15; margin: 1mm 0 2mm; }
.fields { display: flex; gap: 6mm; font-size: 9.5pt; }
.fields span { flex: 1; border-bottom: 0.5pt solid #000; }
.fields .date { flex: 0 0 40mm; }
h2 { font-size: 11pt; margin: 3mm 0 0.8mm; display: flex; gap: 3mm; align-items: baseline; break-after: avoid; }
h2 .time { margin-left: auto; font-weight: 400; font-size: 9.5pt; white-space: nowrap; }
p, ul, ol { margin: 0.8mm 0; }
ul { padding-left: 5mm; }
.begin { break-inside: avoid; }
.goal { margin: 0 0 1mm; }
.question { margin: 1.6mm 0 0; break-inside: avoid; }
.question p { margin: 0; }
.question b.letter { display: inline-block; min-width: 5.5mm; margin-right: 1.5mm; }
.line { border-bottom: 0.5pt solid #666; height: 8.2mm; }
.answer { border: 0.75pt solid #000; border-left-width: 3pt; padding: 0.8mm 2.5mm; margin: 1mm 0; }
table { border-collapse: collapse; width: 100%; margin: 1.6mm 0; break-inside: avoid; font-size: 9pt; }
th, td { border: 0.5pt solid #000; padding: 0.9mm 2mm; text-align: left; vertical-align: top; }
td { white-space: pre-wrap; }
td.blank { height: 8mm; min-width: 18mm; }
td.blank b { font-weight: 700; }
.early { border-top: 0.5pt solid #000; margin-top: 4mm; padding-top: 1.5mm; break-inside: avoid; }
.notes { border: 1.5pt solid #000; padding: 1.5mm 3.5mm; margin: 3mm 0; break-inside: avoid; }
.notes h2 { margin-top: 0; }
.copy { border: 1pt solid #000; padding: 0 2mm; font-weight: 700; }
@media screen { body { max-width: 180mm; padding: 8mm; } }
@media print { button { display: none; } }
""".strip()


def worksheet_page(sheet: Worksheet, *, answers: bool) -> str:
    """Return a complete HTML document; with ``answers`` it is the teacher's copy."""
    number = list(LESSONS).index(sheet.lesson) + 1
    title = LESSONS[sheet.lesson]
    copy = '<span class="copy">Teacher\N{RIGHT SINGLE QUOTATION MARK}s copy</span>' if answers else ""
    fields = "" if answers else (
        '<div class="fields"><span>Name</span><span>Group</span><span class="date">Date</span></div>'
    )  # fmt: skip
    begins = 0
    steps = []
    for place, step in enumerate(sheet.steps, 1):
        steps.append(_step(place, step, begins, answers=answers))
        begins += step.minutes
    body = [
        '<button type="button" onclick="print()">Print this sheet</button>',
        f'<header><div class="kind"><span>ResNet Studio, page Learn, lesson {number} of {len(LESSONS)} · '
        f"{LESSON_MINUTES} minutes</span>{copy}</div><h1>{escape(title)}</h1>{fields}</header>",
        f'<div class="goal"><b>After this lesson you can</b>{_list(sheet.goals)}</div>',
        _notes(sheet) if answers else "",
        *steps,
        f'<div class="early"><p><b>Finished early?</b> {_marked(sheet.early.text)}</p>'
        f"{_space(sheet.early, answers=answers)}</div>",
    ]
    name = f"{title}: {'teacher' if answers else 'worksheet'}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def file_name(sheet: Worksheet, *, answers: bool) -> str:
    """Return a name for the page's file, such as ``2-skips-worksheet.html``."""
    number = list(LESSONS).index(sheet.lesson) + 1
    return f"{number}-{sheet.lesson}-{'teacher' if answers else 'worksheet'}.html"


def _notes(sheet: Worksheet) -> str:
    return f'<div class="notes"><h2>For the teacher</h2>{_list(sheet.notes)}</div>'


def _step(number: int, step: Step, begins: int, *, answers: bool) -> str:
    time = f'<span class="time">minute {begins} to {begins + step.minutes}</span>'
    done = "".join(f"<p>{_marked(sentence)}</p>" for sentence in step.do)
    parts, letter = [], 0
    for part in step.parts:
        if isinstance(part, FillTable):
            parts.append(_table(part, answers=answers))
        else:
            parts.append(
                f'<div class="question"><p><b class="letter">{number}{"abcdefgh"[letter]}</b>'
                f"{_marked(part.text)}</p>{_space(part, answers=answers)}</div>"
            )
            letter += 1
    heading = f"<h2><span>{number}. {_marked(step.title)}</span>{time}</h2>"
    begin = f'<div class="begin">{heading}{done}{"".join(parts[:1])}</div>'  # on one side of the sheet
    return f"<section>{begin}{''.join(parts[1:])}</section>"


def _space(question: Question, *, answers: bool) -> str:
    if answers:
        return f'<div class="answer">{_marked(question.answer)}</div>'
    return '<div class="line"></div>' * question.lines


def _table(table: FillTable, *, answers: bool) -> str:
    head = "".join(f"<th>{_marked(name)}</th>" for name in table.columns)
    rows = "".join(f"<tr>{''.join(_cell(cell, answers=answers) for cell in row)}</tr>" for row in table.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(cell: str | Blank, *, answers: bool) -> str:
    if isinstance(cell, str):
        return f"<td>{_marked(cell)}</td>"
    return f'<td class="blank">{f"<b>{_marked(cell.answer)}</b>" if answers else ""}</td>'


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_marked(sentence)}</li>' for sentence in sentences)}</ul>"


def _marked(text: str) -> str:
    """Escape a text; ``**bold**`` and ``*italic*`` become HTML."""
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text, quote=False))
    return re.sub(r"\*(.+?)\*", r"<i>\1</i>", bold)
