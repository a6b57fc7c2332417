"""Invented names: frequent surnames with given names put together from single characters."""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SURNAMES: Final = (
    "王张李刘孙陈于赵杨姜徐宋周林丛高马邹吴丁曲朱谭毕郭黄胡梁许韩冯董邓曹彭曾吕苏卢蒋蔡贾魏薛叶阎余潘杜戴夏钟汪田任"
    "侯石崔康毛邱秦江史顾邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
# Generations by age (55 and over, 35–54, below 35), women's and men's.
WOMEN: Final = (
    "兰英芝秀桂凤荣玉珍香翠爱素淑菊花月桃仙莲",
    "丽华红艳霞燕娟敏萍玲云芳梅洁静晓海波青琳",
    "欣怡雨诗涵佳梦琪妍萱瑶彤雅语晴可心宁安悦",
)
MEN: Final = (
    "国建德福贵忠义永庆祥树林盛发有田山成喜吉",
    "军伟强勇涛斌峰海波辉志刚明超杰亮鹏东洋宁",
    "浩宇轩子泽晨博文睿嘉逸辰昊天俊熙一铭远航",
)


def surnames(rng: np.random.Generator, count: int) -> Ints:
    """Places in `SURNAMES`: the first are the more frequent ones."""
    weights = 1 / (np.arange(len(SURNAMES)) + 3.0)
    return rng.choice(len(SURNAMES), size=count, p=weights / weights.sum())


def full_names(rng: np.random.Generator, surname: Ints, female: Bools, age: Ints) -> pl.Series:
    """Surname and one or two characters that fit generation and sex; one person in four has one."""
    count = len(surname)
    generation = np.where(age >= 55, 0, np.where(age >= 35, 1, 2))
    letters = np.array([[list(line) for line in MEN], [list(line) for line in WOMEN]])
    sex = female.astype(np.int64)
    picks = rng.integers(0, letters.shape[2], size=(2, count))
    single = rng.random(count) < 0.25
    first = letters[sex, generation, picks[0]]
    second = np.where(single, "", letters[sex, generation, picks[1]])
    family = np.array(list(SURNAMES))[surname]
    return pl.Series("name", np.char.add(np.char.add(family, first), second).astype(str))
