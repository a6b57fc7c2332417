"""A sheet as an office document (ECMA-376 WordprocessingML): A4, plain, to be filled in by hand.

Written here and not by a template engine: six short pages of text need no template that an office
could break. The same sheet gives the same bytes.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from . import Sheet

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_EPOCH = (1980, 1, 1, 0, 0, 0)

_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_MAIN}.document.main+xml"/>'
    f'<Override PartName="/word/header1.xml" ContentType="{_MAIN}.header+xml"/></Types>'
)
_RELS = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_R}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_PARTS = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_R}/header" Target="header1.xml"/></Relationships>'
)
# Twentieths of a point: A4, margins of 2.5 cm.
_SECTION = (
    '<w:sectPr><w:headerReference w:type="default" r:id="rId1"/>'
    '<w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="1417" w:right="1417" w:bottom="1417" w:left="1417" w:header="709" '
    'w:footer="709" w:gutter="0"/></w:sectPr>'
)
_EDGES = "".join(
    f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def document(sheet: "Sheet") -> bytes:
    """The bytes of a .docx."""
    body = "".join(_body(sheet))
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELS,
        "word/_rels/document.xml.rels": _PARTS,
        "word/document.xml": f'<w:document xmlns:w="{_W}" xmlns:r="{_R}"><w:body>{body}{_SECTION}'
        "</w:body></w:document>",
        "word/header1.xml": f'<w:hdr xmlns:w="{_W}">{_mark(sheet)}</w:hdr>',
    }
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), _HEAD + text, zipfile.ZIP_DEFLATED)
    return found.getvalue()


def _body(sheet: "Sheet") -> Iterator[str]:
    yield _line(sheet.title, size=36, bold=True, align="center", after=120)
    if sheet.subtitle:
        yield _line(sheet.subtitle, size=21, align="center", after=240)
    if sheet.rows:
        yield (
            f'<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{_EDGES}'
            '</w:tblBorders></w:tblPr><w:tblGrid><w:gridCol w:w="2200"/><w:gridCol w:w="6872"/>'
            f"</w:tblGrid>{''.join(_row(*row) for row in sheet.rows)}</w:tbl>"
        )
    yield _line("", size=24)
    for text in sheet.paragraphs:
        yield _line(text, size=28, after=120)
    yield _line("", size=28)
    for text in sheet.signs:
        yield _line(text, size=28, align="right", after=240)
    if sheet.foot:
        yield _line(sheet.foot, size=21)


def _row(label: str, value: str) -> str:
    cells = (("2200", label, True), ("6872", value, False))
    return "<w:tr>{}</w:tr>".format(
        "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
            f"{_line(text, size=24, bold=bold, after=60)}</w:tc>"
            for width, text, bold in cells
        )
    )


def _mark(sheet: "Sheet") -> str:
    if not sheet.synthetic:
        return _line("", size=18)
    words = "演　示　数　据　—　人员为虚构，不具效力"
    return _line(words, size=32, bold=True, align="center", colour="999999")


def _line(
    text: str,
    *,
    size: int,
    bold: bool = False,
    align: str = "left",
    after: int = 0,
    colour: str = "000000",
) -> str:
    """One paragraph; ``size`` in half points."""
    heavy = "<w:b/>" if bold else ""
    return (
        f'<w:p><w:pPr><w:spacing w:after="{after}" w:line="360" w:lineRule="auto"/>'
        f'<w:jc w:val="{align}"/></w:pPr><w:r><w:rPr><w:rFonts w:ascii="Times New Roman" '
        f'w:hAnsi="Times New Roman" w:eastAsia="仿宋"/>{heavy}<w:color w:val="{colour}"/>'
        f'<w:sz w:val="{size}"/></w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
    )
