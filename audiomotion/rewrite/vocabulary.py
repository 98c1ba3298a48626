"""Words that the rewriting grammar knows: who acts, verbs, what joins clauses."""

from typing import Final

from audiomotion.data.lexicon import CLOSED_CLASSES, IRREGULAR_VERBS, VERBS


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


VERB_ENDINGS: Final = (
    ("ies", "y"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", ""), ("ed", "e"), ("ing", ""),
    ("ing", "e"),
)  # fmt: skip
MORE_VERBS: Final = words(
    """be do have has go appear seem use using stay keep flip hug chop stab hurl lunge buck flinch
    scuff sashay saunter meander march pounce rap nod bicker hammer shadowbox moonwalk somersault
    backflip attempt continue lay tie untie pet shove nudge plant cup clasp grasp grip tighten
    loosen widen open close shut sign conduct strum spar dab squirm crane extend draw lasso shimmy
    skate ski surf row bowl golf bat pitch putt dribble volley serve parry thrust sheathe aim swat
    scrub sweep mop dust vacuum stack unload load haul heave tug yank pluck pinch peel pour sip
    chew swallow cough sneeze yell shout laugh cry weep chat text dial knit sew shave comb brush
    polish change alternate interact react hesitate recoil regain maintain involve include enjoy
    achieve navigate lose reach require circle pedal steer cycle crab charleston waltz salsa tango
    jive assume adopt form create trip tumble topple limp hobble scamper scurry plod shamble
    lumber zig zag squeeze flutter fidget gesticulate signal beckon applaud high-five fist-bump
    bop rest relax loop slow calm invite greet"""
)
KNOWN: Final = VERBS | MORE_VERBS
PERSON: Final = words(
    """person man woman human figure someone somebody individual guy girl boy character lady adult
    child kid subject body sim toon actor dancer avatar model player fellow male female he she
    they it"""
)
ARTICLES: Final = words("a an the this that one some")
JOINTS: Final = words("and then but or") | {",", ";"}
SUBORDINATORS: Final = words("as while when before after until once if because since so where")
BE: Final = words("is are was were be am")
ADVERBS: Final = words(
    """then again also just now quickly slowly still almost slightly immediately suddenly finally
    twice once simply even only next first eventually afterwards not never instead repeatedly
    quietly carefully subsequently thereafter afterward briefly"""
)
YOURSELF: Final = words("himself herself themselves themself itself oneself")
POSSESSIVES: Final = words("his their its person's man's woman's")
LEFT_OUT: Final = frozenset(("then", "now", "also", ","))
"""Adverbs that say nothing in front of the first verb."""
PARTS: Final = words(
    """arm arms hand hands leg legs foot feet knee knees elbow elbows shoulder shoulders head chest
    torso hip hips waist body back fist fists palm palms ankle ankles wrist wrists thigh thighs
    face toes heel heels chin mouth ear ears finger fingers neck stomach forearm forearms"""
)
QUALIFIERS: Final = words("left right upper lower other")
DETERMINERS: Final = frozenset(CLOSED_CLASSES["DET"]) | (
    frozenset(CLOSED_CLASSES["NUM"]) - words("first second third")
)
NOT_AFTER: Final = DETERMINERS | (frozenset(CLOSED_CLASSES["ADP"]) - words("up down off out in"))
"""What stands before nouns, and so not before a verb of the subject."""

NOT_VERBS_AFTER: Final = DETERMINERS | frozenset(CLOSED_CLASSES["ADP"])


def base_form(word: str) -> str | None:
    """Return the known verb of which `word` is a form, or None."""
    if word in KNOWN:
        return word
    if word in IRREGULAR_VERBS:
        return IRREGULAR_VERBS[word]
    for suffix, ending in VERB_ENDINGS:
        stem = word.removesuffix(suffix) + ending
        if word.endswith(suffix) and stem in KNOWN:
            return stem
        if word.endswith(suffix) and not ending and stem[-2:-1] == stem[-1:] and stem[:-1] in KNOWN:
            return stem[:-1]
    return None
