"""How each action is put into words.

`[verb]` is inflected. `{how}` and `{times}` stand for speed and count, with the space before them,
or for nothing; `{way}` for one of `WAYS`, `{dir}` for the bare direction; `{hand}`, `{leg}` and so
on for the limb of the side that acts; `{number:kick}` for "two kicks"; `{their}` for whose.
A wording of `action/direction` goes before that of `action`.
"""

_LEFT_RIGHT = {
    "left": ("to the left", "to {their} left"),
    "right": ("to the right", "to {their} right"),
}
_STRAIGHT = {
    "forward": ("forward", "forwards", "ahead"),
    "backward": ("backward", "backwards"),
    "place": ("in place", "on the spot"),
}
_ROUND: dict[str, tuple[str, ...]] = {
    "left": ("to the left", "counterclockwise"),
    "right": ("to the right", "clockwise"),
}

WAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "walk_circle": _ROUND,
    "run_circle": _ROUND,
    "jump": {"up": ("up", "straight up", "up in the air"), **_STRAIGHT, **_LEFT_RIGHT},
    "arm_circle": {"forward": ("forward", "forwards"), "backward": ("backward", "backwards")},
}
ANY_WAY = {**_STRAIGHT, **_LEFT_RIGHT}

SLOWLY = ("slowly", "very slowly", "at a slow speed")
QUICKLY = ("quickly", "fast", "very fast", "rapidly")
NUMBERS = ("zero", "one", "two", "three", "four")

WORDINGS: dict[str, tuple[str, ...]] = {
    "walk": ("[walk] {way}{how}", "[walk] straight {way}{how}", "[take] a walk {way}{how}"),
    "walk_circle": ("[walk] in a circle {way}{how}", "[walk] around in a circle {way}{how}"),
    "run": ("[run] {way}{how}", "[run] straight {way}{how}", "[go] running {way}{how}"),
    "run_circle": ("[run] in a circle {way}{how}", "[run] around in a circle {way}{how}"),
    "jog": ("[jog] {way}{how}", "[do] a jog {way}{how}", "[go] jogging {way}{how}"),
    "march": (
        "[march] {way}{how}",
        "[march] {way} like a soldier{how}",
        "[march] {way} with high knees{how}",
    ),
    "sneak": (
        "[sneak] {way}{how}",
        "[creep] {way} in a crouch{how}",
        "[walk] {way} in a low crouch{how}",
    ),
    "step": ("[take] {number:step} {way}", "[step] {way}{times}", "[make] {number:step} {way}"),
    "side_step": (
        "[take] {number:step} {way}{how}",
        "[sidestep] {way}{times}{how}",
        "[take] {number:side step} {way}{how}",
        "[step] sideways {way}{times}{how}",
    ),
    "turn": (
        "[turn] {dir}{how}",
        "[turn] {way}{how}",
        "[make] a {dir} turn{how}",
        "[do] a quarter turn {way}{how}",
    ),
    "turn_around": (
        "[turn] around {way}{how}",
        "[turn] around over {their} {dir} shoulder{how}",
        "[do] a half turn {way}{how}",
    ),
    "spin": (
        "[spin] around {way}{how}",
        "[do] a full spin {way}{how}",
        "[turn] in a full circle {way}{how}",
    ),
    "jump": (
        "[jump] {way}{times}",
        "[leap] {way}{times}",
        "[make] {number:jump} {way}",
        "[jump] {way} with both feet{times}",
    ),
    "hop": (
        "[hop] {way} on {leg}{times}",
        "[hop] on {foot} {way}{times}",
        "[do] {number:hop} {way} on {leg}",
    ),
    "jumping_jack": (
        "[do] {number:jumping jack}{how}",
        "[perform] {number:jumping jack}{how}",
        "[complete] {number:jumping jack}{how}",
    ),
    "kick": (
        "[kick] with {leg}{times}{how}",
        "[kick] forward with {foot}{times}{how}",
        "[throw] {number:kick} with {leg}{how}",
        "[do] {number:front kick} with {leg}{how}",
    ),
    "side_kick": (
        "[kick] to the side with {leg}{times}",
        "[do] {number:side kick} with {leg}",
        "[kick] {leg} out to the side{times}",
    ),
    "knee_raise": (
        "[lift] {knee}{times}{how}",
        "[raise] {knee} up high{times}{how}",
        "[bring] {knee} up{times}{how}",
        "[do] {number:knee raise} with {leg}{how}",
    ),
    "stomp": ("[stomp] {foot}{times}", "[stomp] with {foot}{times}", "[stamp] {foot}{times}"),
    "squat": (
        "[squat]{times}{how}",
        "[do] {number:squat}{how}",
        "[perform] {number:squat}{how}",
        "[squat] down and up{times}{how}",
    ),
    "lunge": (
        "[lunge] forward with {leg}{times}{how}",
        "[do] {number:lunge} with {leg}{how}",
        "[step] forward into a lunge with {leg}{times}{how}",
    ),
    "crouch": (
        "[crouch] down{how}",
        "[crouch] low to the ground{how}",
        "[get] down into a crouch{how}",
    ),
    "sit": ("[sit] down{how}", "[take] a seat{how}", "[sit] down on a chair{how}"),
    "kneel": (
        "[kneel] down on {knee}{how}",
        "[get] down on {knee}{how}",
        "[go] down onto {knee}{how}",
    ),
    "balance": (
        "[balance] on {leg}",
        "[stand] on {leg} with the arms out",
        "[hold] {their} balance on {foot}",
    ),
    "punch": (
        "[punch] with {hand}{times}{how}",
        "[throw] {number:punch} with {hand}{how}",
        "[punch] forward with {fist}{times}{how}",
    ),
    "wave": (
        "[wave] with {hand}{how}",
        "[wave] {hand}{how}",
        "[wave] hello with {hand}{how}",
        "[give] a wave with {hand}{how}",
    ),
    "raise_arm": (
        "[raise] {arm} overhead{how}",
        "[lift] {arm} over the head{how}",
        "[raise] {arm} straight up{how}",
        "[reach] up with {arm}{how}",
    ),
    "spread_arm": (
        "[raise] {arm} out to the side{how}",
        "[lift] {arm} sideways{how}",
        "[stretch] {arm} out to the side{how}",
    ),
    "arm_circle": (
        "[circle] {arm} {way}{times}",
        "[swing] {arm} {way} in a circle{times}",
        "[make] {number:circle} {way} with {arm}",
        "[rotate] {arm} {way}{times}",
    ),
    "clap/front": (
        "[clap]{times}{how}",
        "[clap] {their} hands{times}{how}",
        "[clap] in front of the chest{times}{how}",
    ),
    "clap/overhead": (
        "[clap] overhead{times}{how}",
        "[clap] {their} hands overhead{times}{how}",
        "[clap] above the head{times}{how}",
    ),
    "throw": (
        "[throw] a ball {dir} with {hand}{how}",
        "[throw] something {dir} with {arm}{how}",
        "[toss] a ball {dir} with {hand}{how}",
    ),
    "salute": (
        "[salute] with {hand}{how}",
        "[give] a salute with {hand}{how}",
        "[do] a salute with {hand}{how}",
    ),
    "point": (
        "[point] forward with {hand}{how}",
        "[point] straight ahead with {arm}{how}",
        "[point] to the front with {hand}{how}",
    ),
    "pick_up": (
        "[pick] something up with {hand}{how}",
        "[pick] something up off the floor with {hand}{how}",
        "[bend] down to pick something up with {hand}{how}",
    ),
    "stretch": (
        "[stretch] to the {dir} side{times}",
        "[bend] sideways to the {dir}{times}",
        "[lean] over to the {dir} side{times}",
        "[do] {number:side stretch} to the {dir}",
    ),
    "bow": (
        "[bow]{times}{how}",
        "[take] {number:bow}{how}",
        "[bow] from the waist{times}{how}",
        "[bend] forward in a bow{times}{how}",
    ),
    "twist": (
        "[twist] the upper body {way}{times}",
        "[rotate] {their} torso {way}{times}",
        "[do] {number:torso twist} {way}",
    ),
    "crawl": (
        "[crawl] {way}{how}",
        "[crawl] {way} on hands and knees{how}",
        "[crawl] {way} on all fours{how}",
    ),
}

SUBJECTS = (
    ("a person", "their"), ("a person", "their"), ("the person", "their"), ("someone", "their"),
    ("a man", "his"), ("a woman", "her"), ("the man", "his"),
)  # fmt: skip

WRITTEN_JOINTS = ("{0} and then {1}", "{0}, then {1}", "first {0} and then {1}")
ORAL_JOINTS = (
    "{0} and then {1}",
    "{0}, then {1}",
    "{0}, and after that {1}",
    "first {0}, then {1}",
)

ORAL_FRAMES = (
    "{0}.", "{0}, please.", "Please {0}.", "Can you {0}?", "Could you {0}?", "I want you to {0}.",
    "I'd like you to {0}.", "Now {0}.", "Go ahead and {0}.", "Try to {0}.", "Let me see you {0}.",
    "Would you {0} for me?",
)  # fmt: skip
