"""Names of villages and clubs that look real and belong to nobody: no name of a person is among them."""

from __future__ import annotations

from random import Random

_FIRST = (
    "Tân", "Phú", "Vĩnh", "An", "Bình", "Đông", "Tây", "Nam", "Bắc", "Xuân", "Thanh", "Hòa", "Long", "Mỹ", "Thượng", "Hạ",
    "Trung", "Đại", "Yên", "Quang", "Minh", "Phước", "Thạnh", "Hưng", "Kim", "Ngọc", "Hồng", "Liên", "Đồng", "Cẩm",
)  # fmt: skip
_SECOND = (
    "Thành", "Sơn", "Lợi", "Lập", "Tiến", "Hải", "Giang", "Hòa", "Thịnh", "Phong", "Lâm", "Trạch", "Khê", "Đình", "Cường",
    "Thọ", "Đức", "Lộc", "Phú", "Bình", "Xá", "Viên", "Mỹ", "Tân", "Hưng", "Long", "Quý", "Vinh", "Lạc", "Điền",
)  # fmt: skip
_MOUNTAIN = (
    "Nà Lương", "Nà Pản", "Pác Bó", "Chạng", "Khuổi Luông", "Nậm Chim", "Huổi Một", "Phiêng Cằm", "Tà Lèng", "Co Mạ",
    "Mường Lựm", "Nặm Đăm", "Lũng Cẩm", "Sín Chải", "Thào Chư", "Pú Tửu", "Noong Bua", "Mạ Khoang", "Chiềng Khoa", "Hua Bum",
)  # fmt: skip
_HIGHLAND = (
    "Ea Bông", "Kõ Siêr", "Trấp", "Kuốp", "Plei Ốp", "Plei Mơ Nú", "Đăk Rơ Wa", "Kon Tu", "Tơ Vơ", "Pi Nao",
    "Bu Prâng", "Ja Mơ", "Ea Kmar", "Cư Pơng", "Kon Rẫy", "Đăk Ang", "Plei Phung", "Ia Mút", "Ea Tu", "Yôk Du",
)  # fmt: skip
_UNITS = {
    "trung-du-mien-nui-phia-bac": ("thôn", "bản", "xóm"),
    "tay-nguyen": ("buôn", "thôn", "làng"),
    "dong-bang-song-cuu-long": ("ấp", "khóm"),
    "dong-nam-bo": ("ấp", "khu phố"),
}


def village(rng: Random, region: str, urban: bool) -> str:
    """A village or residential group in the words of its region."""
    if urban:
        return f"{rng.choice(('tổ dân phố', 'khu phố'))} {rng.randint(1, 28)}"
    unit = rng.choice(_UNITS.get(region, ("thôn", "xóm")))
    roll = rng.random()
    if region == "tay-nguyen" and roll < 0.5:
        return f"{unit} {rng.choice(_HIGHLAND)}"
    if region == "trung-du-mien-nui-phia-bac" and roll < 0.5:
        return f"{unit} {rng.choice(_MOUNTAIN)}"
    if roll < 0.15:
        return f"{unit} {rng.randint(1, 19)}"
    name = f"{rng.choice(_FIRST)} {rng.choice(_SECOND)}"
    return f"{unit} {name}" if roll < 0.75 else f"{unit} {name} {rng.randint(1, 4)}"


def club(village: str) -> str:
    """The club's name: its village, as founding decisions write it."""
    return f"CLB LTHTGN {village}"
