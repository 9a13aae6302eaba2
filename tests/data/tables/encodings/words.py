"""Words of many languages, with the encodings of computers on which they were written."""

WORDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "German": (
        ("cp1252", "cp850", "cp437", "mac_roman"),
        ("Käuzchen", "Möwe", "Grünspecht", "Straße", "Bär", "Löwe", "Müller", "Hähnchen", "Frösche", "Fußgänger"),
    ),
    "French": (
        ("cp1252", "cp850", "mac_roman"),
        ("chêne", "érable", "chèvre", "garçon", "hérisson", "écureuil", "forêt", "mûrier", "âne", "brûlé"),
    ),
    "Spanish": (
        ("cp1252", "cp850", "mac_roman"),
        ("perro pequeño", "ardilla", "león", "ratón", "pájaro", "araña", "tiburón", "búho", "pingüino", "cigüeña"),
    ),
    "Portuguese": (
        ("cp1252", "cp850"),
        ("leão", "cão", "pássaro", "tubarão", "coração", "avô", "maçã", "limão", "bebê", "pão"),
    ),
    "Italian": (("cp1252", "cp850"), ("città", "caffè", "tribù", "colibrì", "papà", "bambù", "perché", "però")),
    "Swedish": (
        ("cp1252", "cp850", "mac_roman"),
        ("räv", "älg", "björn", "får", "fågel", "gås", "häst", "höna", "sjöstjärna"),
    ),
    "Danish": (("cp1252", "cp850"), ("ræv", "ørn", "får", "gås", "bjørn", "høne", "æble", "kålorm", "tørfisk")),
    "Icelandic": (("cp1252",), ("köttur", "sauður", "þröstur", "mýrisnípa", "æðarfugl", "kría", "lóa", "önd", "hæna")),
    "Polish": (
        ("cp1250", "cp852", "iso8859_2"),
        ("słoń", "żółw", "łódź", "gęś", "kaczka", "mrówka", "koń", "źrebię", "ćma", "świnia", "łoś"),
    ),
    "Czech": (
        ("cp1250", "cp852", "iso8859_2"),
        ("kočka", "medvěd", "žirafa", "tučňák", "kůň", "řeka", "štika", "čáp", "ježek", "liška"),
    ),
    "Hungarian": (("cp1250", "cp852"), ("őz", "egér", "kígyó", "béka", "hűtő", "tyúk", "teknős", "fülemüle")),
    "Romanian": (("cp1250",), ("pisică", "câine", "raţă", "şarpe", "băiat", "pădure", "maşină", "împărat")),
    "Turkish": (
        ("cp1254", "cp857"),
        ("kuş", "köpek", "ağaç", "İnek", "kaplumbağa", "çiçek", "yılan", "tavşan", "öküz", "üzüm"),
    ),
    "Lithuanian": (("cp1257", "cp775"), ("šuo", "katė", "žąsis", "kačių", "ežys", "šernas", "lūšis", "bitė")),
    "Latvian": (("cp1257",), ("suņi", "kaķis", "putniņš", "zirgs", "ezītis", "čūska", "lācis", "pīle", "zvēri")),
    "Russian": (
        ("cp1251", "koi8_r", "cp866", "mac_cyrillic"),
        ("кот", "собака", "грузовик", "яблоко", "лошадь", "ёж", "Сова", "птица", "рыба", "Медведь"),
    ),
    "Ukrainian": (("cp1251", "koi8_u"), ("кіт", "їжак", "птах", "риба", "ведмідь", "бджола", "сова", "лисиця")),
    "Greek": (("cp1253", "cp737"), ("γάτα", "σκύλος", "άλογο", "πουλί", "ψάρι", "αρκούδα", "χελώνα", "λαγός")),
    "Hebrew": (("cp1255", "cp862"), ("כלב", "חתול", "סוס", "ציפור", "דג", "אריה", "עץ", "פרח")),
    "Arabic": (("cp1256", "cp720"), ("قط", "كلب", "حصان", "طائر", "سمكة", "أسد", "شجرة", "زهرة")),
    "Thai": (("cp874",), ("แมว", "สุนัข", "ม้า", "นก", "ปลา", "สิงโต", "ต้นไม้", "ช้าง")),
    "Japanese": (("cp932", "euc_jp"), ("猫", "犬", "トラック", "Tシャツ", "りんご", "自転車", "鳥", "魚")),
    "Chinese": (("gb18030",), ("猫", "狗", "卡车", "苹果", "自行车", "老虎", "鱼", "鸟类")),
    "Chinese of Taiwan": (("cp950",), ("貓", "卡車", "蘋果", "腳踏車", "老虎", "魚", "鳥類", "花")),
    "Korean": (("cp949",), ("고양이", "개", "트럭", "사과", "자전거", "호랑이", "물고기", "새")),
}

WRITTEN = [(language, encoding) for language, (encodings, _) in WORDS.items() for encoding in encodings]


def selections(language: str) -> list[list[str]]:
    """Each word beyond ASCII alone, some of the words, and all of them."""
    words = list(WORDS[language][1])
    alone = [[word] for word in words if not word.isascii()]
    return [*alone, words[:3], words[3:7], words]
