"""Words that the tagger knows: closed classes, verbs of motion, irregular forms."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


CLOSED_CLASSES = {
    "DET": _words(
        """a an the this that these those each every some any no another both all either neither
        his her its their my your our"""
    ),
    "PRON": _words(
        """i you he she it we they me him us them himself herself itself themselves yourself myself
        oneself someone somebody something anyone anybody anything everyone everything nothing
        nobody who what which whoever whatever mine yours theirs"""
    ),
    "ADP": _words(
        """of in on at by with from into onto over under above below behind beside besides between
        across along around about through toward towards against near off out up down inside
        outside during without within upon for as past beneath beyond per until till via like"""
    ),
    "AUX": _words(
        """is are was were be been being am has have had having do does did doing done can could
        will would should may might must shall"""
    ),
    "NUM": _words(
        """one two three four five six seven eight nine ten eleven twelve twenty thirty ninety
        hundred first second third"""
    ),
    "CCONJ": _words("""and or but nor"""),
    "SCONJ": _words(
        """while if because when where although though since whereas unless after before how"""
    ),
    "PART": _words("""not"""),
    "INTJ": _words("""please okay ok hey alright yeah yes hello"""),
    "ADV": _words(
        """then again now just very too also almost twice once forward forwards backward backwards
        away together apart here there so quite rather sideways clockwise counterclockwise
        anticlockwise upward upwards downward downwards still even fast straight sharply ahead
        around halfway diagonally overhead maybe perhaps next finally later well instead far
        more most less aside aloud always never often soon only home somewhere anywhere
        everywhere"""
    ),
    "ADJ": _words(
        """slow quick happy sad angry careful low high small big large short long tall wide narrow
        old young tired strong weak heavy light soft hard full half whole same other different
        few several many much little bit good bad new single double front rear upper lower own
        steady brisk gentle sudden smooth relaxed calm proud shy drunk dizzy injured elderly
        childish circular straightforward normal average casual still invisible
        imaginary upright ready able certain deep tight loose sharp fancy sneaky ordinary
        usual original starting opposite such fine cool great nice easy gradual rapid feminine
        masculine energetic exhausted youthful active musical giant confident excited nervous
        lazy limp lively clumsy stiff flat open closed extra"""
    ),
}
"""Words whose part of speech does not depend on their neighbours, but for a few (see tagging)."""

VERBS = frozenset(
    _words(
        """act adjust aim appear approach arrange avoid back balance bang bat battle beat begin
        bend bob bolt bounce bow box brace breathe bring brush bump call carry cartwheel cast
        catch celebrate change charge check cheer circle clap clean clear climb collapse come
        complete continue copy cover crawl creep cross crouch curl curve cut dance dangle dash
        demonstrate dip direct dive do dodge drag draw dribble drink drive drop drum duck dust
        eat elevate end enter examine exercise exit express extend face fall feel fight find
        finish fix flail flap flex fling flip fly fold follow freeze gallop gesture get give
        glance glide go grab greet grip groove hang head help hide hit hold hop hug hunch hurry
        imagine imitate jab jerk jog join juggle jump keep kick kneel knock land lead lean leap
        learn let lie lift limp listen look lose lower lunge make march mime mimic mirror mix
        mop motion mount move nod notice open orient pace paddle paint pass pat pause perform
        pick pirouette pivot place play point pose position pour practice prance prepare present
        press pretend proceed pull pump punch push put quicken raise reach read rear receive
        recover relax release remain remove repeat reposition resemble rest resume retreat
        return reverse ride rise rock roll rotate rub run rush salute scan scoot scratch seat
        see seem serve set shake shift shoot show shrug shuffle sidestep sing sit skate skip
        slap slash sleep slide slip sneak speed spin splash spread spring sprint squat stagger
        stamp stand start stay steer step stir stomp stoop stop straddle straighten stretch
        stride strike stroll strut stumble support swagger sway sweep swim swing switch take
        talk tap taunt tell think throw tilt tip tiptoe toss touch trace travel trip trot trudge
        try tuck turn twirl twist type unfold use vault waddle wait wake walk wander want warm
        wash watch wave weave wiggle wipe wobble work worry wrap write yawn zigzag"""
    )
)
"""Base forms."""

IRREGULAR_VERBS = _pairs(
    """began:begin begun:begin bent:bend brought:bring came:come caught:catch crept:creep
    drank:drink drawn:draw drew:draw drove:drive driven:drive ate:eat eaten:eat fallen:fall
    fell:fall felt:feel flew:fly flown:fly flung:fling fought:fight found:find froze:freeze
    frozen:freeze gave:give given:give gone:go got:get gotten:get held:hold hid:hide hung:hang
    kept:keep knelt:kneel lain:lie laid:lay led:lead lost:lose lying:lie made:make ran:run
    ridden:ride risen:rise rode:ride rose:rise sang:sing sat:sit saw:see seen:see shaken:shake
    shook:shake shot:shoot shown:show slept:sleep slid:slide spun:spin stood:stand strode:stride
    struck:strike swam:swim swept:sweep swung:swing taken:take thought:think threw:throw
    thrown:throw told:tell took:take went:go woke:wake wove:weave written:write wrote:write"""
)
IRREGULAR_NOUNS = _pairs(
    """feet:foot men:man women:woman people:people children:child knives:knife halves:half
    shelves:shelf teeth:tooth geese:goose mice:mouse leaves:leaf calves:calf stairs:stair
    pants:pant"""
)

NOUNS_IN_ING = frozenset(
    _words("building ceiling clothing evening king morning railing ring sling string thing wing")
)
NOUNS_IN_LY = frozenset(_words("ally assembly belly butterfly family fly jelly"))
ADJECTIVE_SUFFIXES = (
    "ous",
    "ful",
    "ive",
    "able",
    "ible",
    "less",
    "ish",
    "ical",
    "ary",
    "ory",
    "est",
)
