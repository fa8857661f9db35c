"""Messages for tests of relevance: of the car called Mini, and of other things that are small."""

from __future__ import annotations

ABOUT = [
    "My Mini failed its MOT on both front tyres",
    "Test drove the Mini this morning, what fun",
    "the Mini app says my doors are open, they aren't",
    "timing chain gone on my 2011 Mini",
    "mini want nine hundred pounds for a key fob",
    "brake lights on my Mini stay on after I lock it",
    "Collected the new Mini today and can't stop grinning",
    "the Mini garage kept my car for three weeks",
    "Why does my Mini lose coolant since the recall?",
    "Mini should bring the manual gearbox back",
]
NOT_ABOUT = [
    "Mini heatwave from Thursday, pack the sunscreen",
    "bought the mini version of the serum for my trip",
    "Mini golf with the in-laws, somebody cheated",
    "mini eggs are back in the shops and so is my self loathing",
    "ran a mini marathon dressed as a teapot",
    "taking a mini break in Whitby",
    "mini schnauzer puppies looking for homes",
    "mini quiches for the party, two hundred of them",
    "the mini series ends on a cliffhanger",
    "mini skirts in January, students are made of steel",
]
