"""The encodings of files that are not in Unicode, with their names on a button."""

UTF_8 = "utf_8"
MANY_BYTES = frozenset(("cp932", "gb18030", "gbk", "cp949", "cp950", "big5", "euc_jp", UTF_8))
"""Those in which a character may take several bytes; in the others each byte is one."""

NAMES = {
    "cp1252": "Western European (cp1252, Windows)",
    "cp1251": "Cyrillic (cp1251, Windows)",
    "cp932": "Japanese (cp932, Shift JIS)",
    "gb18030": "Chinese, simplified (gb18030, GBK)",
    "mac_roman": "Western European (Mac Roman)",
    "cp1250": "Central European (cp1250, Windows)",
    "cp949": "Korean (cp949)",
    "cp950": "Chinese, traditional (cp950, Big5)",
    "koi8_r": "Russian (KOI8-R)",
    "cp850": "Western European (cp850, MS-DOS)",
    "cp852": "Central European (cp852, MS-DOS)",
    "cp866": "Cyrillic (cp866, MS-DOS)",
    "cp1254": "Turkish (cp1254, Windows)",
    "cp857": "Turkish (cp857, MS-DOS)",
    "cp1253": "Greek (cp1253, Windows)",
    "cp737": "Greek (cp737, MS-DOS)",
    "cp1255": "Hebrew (cp1255, Windows)",
    "cp862": "Hebrew (cp862, MS-DOS)",
    "cp1256": "Arabic (cp1256, Windows)",
    "cp720": "Arabic (cp720, MS-DOS)",
    "cp874": "Thai (cp874, Windows)",
    "euc_jp": "Japanese (EUC-JP)",
    "mac_cyrillic": "Cyrillic (Mac)",
    "koi8_u": "Ukrainian (KOI8-U)",
    "iso8859_2": "Central European (ISO 8859-2)",
    "cp1257": "Baltic (cp1257, Windows)",
    "cp775": "Baltic (cp775, MS-DOS)",
    "cp437": "American (cp437, MS-DOS)",
    "iso8859_15": "Western European (ISO 8859-15)",
    "cp1258": "Vietnamese (cp1258, Windows)",
    "latin_1": "Western European (Latin-1)",
    "gbk": "Chinese, simplified (GBK)",
    "big5": "Chinese, traditional (Big5)",
    UTF_8: "UTF-8, with a replacement for what is not",
}
"""The most frequent first: where words read the same in several, the first one stands for all of them."""

WESTERN = ("cp1252", "latin_1")
"""The encoding of most tables that are not UTF-8, and its international form."""
