"""The generator's vocabulary: what posts are about and the words they use.

No word of a label stands in a filler, a cue or another kind's label, so a phrase is found where its kind says and
nowhere else.
"""

TEXT_LABELS = (
    "street food", "jazz night", "book club", "trail running", "home brewing", "board games", "film photography",
    "sourdough", "farmers market", "bird watching", "yoga class", "vintage cars", "pottery studio", "open mic",
    "city cycling", "chess", "knitting", "rock climbing", "stand up comedy", "road trip", "beach volleyball",
    "night sky", "coding bootcamp", "flower show",
)  # fmt: skip

SLOGANS = (
    "free coffee", "grand opening", "vote tuesday", "buy local", "stay curious", "many thanks", "happy hour",
    "staff parking", "drink water", "dream big", "lost keys", "bonus round", "hot soup", "welcome", "lucky winner",
    "closed monday",
)  # fmt: skip

COLOURS = {
    "red": (214, 39, 40),
    "orange": (245, 133, 24),
    "yellow": (240, 208, 32),
    "green": (44, 150, 60),
    "blue": (36, 92, 200),
    "purple": (138, 60, 170),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")

EVENTS = ("sale", "concert", "parade")  # stands in the text; the shape that goes with it is drawn

TOPICS = {
    "weather": ("umbrella", "drizzle", "forecast", "thunder", "sunshine", "breeze", "puddles", "clouds"),
    "travel": ("passport", "suitcase", "airport", "boarding", "itinerary", "hostel", "luggage", "jetlag"),
    "cooking": ("simmer", "oven", "recipe", "garlic", "saucepan", "whisk", "seasoning", "butter"),
    "fitness": ("treadmill", "squats", "dumbbells", "stretching", "reps", "sweat", "cardio", "pushups"),
    "gardening": ("seedlings", "compost", "pruning", "tulips", "watering", "greenhouse", "weeds", "soil"),
    "education": ("homework", "lecture", "exam", "classroom", "syllabus", "professor", "tutor", "semester"),
    "music": ("chorus", "guitar", "drummer", "melody", "encore", "playlist", "vinyl", "rehearsal"),
    "football": ("goalkeeper", "penalty", "striker", "offside", "kickoff", "halftime", "midfielder", "referee"),
    "technology": ("laptop", "firmware", "debugging", "server", "keyboard", "bugfix", "browser", "router"),
    "health": ("vaccine", "clinic", "doctor", "pharmacy", "checkup", "allergy", "bandage", "nurse"),
    "pets": ("kitten", "leash", "whiskers", "paws", "litter", "puppy", "barking", "collar"),
    "finance": ("mortgage", "dividend", "budget", "invoice", "savings", "stocks", "taxes", "loan"),
}  # fmt: skip

ABOUT_TEXT = (
    "all about {p} right now", "our {p} was the best part", "more {p} please", "{p} with old friends",
    "we need to talk about {p}", "never thought i would enjoy {p}", "another week of {p}", "{p} is back in town",
    "they told me to try {p}", "first time at {p}",
)  # fmt: skip
ABOUT_TOPIC = (
    "so much {a} and {b}", "forgot the {a} next to the {b}", "between {a} and {b} nothing else matters",
    "the {a} again , then the {b}", "my week is {a} plus {b}", "who else has {a} , {b} and {c}",
    "from {a} to {b} to {c}", "first {a} , then {b} , now {c}",
)  # fmt: skip
ABOUT_EVENT = (
    "see you at the {e} in the old hall", "the {e} starts at {n}", "only {n} days until the {e}",
    "everyone is going to the {e}", "half the town came for the {e}", "do not miss the {e} this {d}",
)  # fmt: skip

OPENERS = (
    "just in", "finally", "look at this", "well", "good one", "still thinking about it", "guess what", "honestly",
    "as promised", "here we are", "small update", "for the record", "not going to lie", "another one", "proof",
    "told you", "hear me out", "a short story", "true story", "breaking", "day {n}", "note to self", "at last", "wow",
)  # fmt: skip
SUBJECTS = (
    "my sister", "the neighbours", "our team", "a stranger", "my uncle", "the kids", "somebody", "the whole office",
    "an old friend", "my landlord", "the lady downstairs", "a colleague", "grandma", "the twins", "our driver",
    "the new guy", "everybody", "my better half",
)  # fmt: skip
VERBS = (
    "sent me", "found", "handed us", "shared", "left", "asked about", "laughed at", "pointed at", "brought",
    "talked about", "kept", "posted", "picked", "noticed", "admired", "loved",
)  # fmt: skip
OBJECTS = (
    "this picture", "that thing", "the one below", "a little surprise", "this beauty", "what you see here",
    "the usual", "a copy of it", "the best one so far", "something odd", "the real deal", "a souvenir",
    "this masterpiece", "one more of these",
)  # fmt: skip
PLACES = (
    "on the train", "near the station", "in the kitchen", "at the corner shop", "by the river", "at work",
    "in the garage", "behind the church", "on the roof", "in the hallway", "at the bus stop", "on our block",
    "next door", "in the lift", "on the stairs", "outside the library",
)  # fmt: skip
TIMES = (
    "this morning", "last {d}", "before lunch", "around {n} o'clock", "yesterday", "on {d}", "after work",
    "in the middle of it all", "a minute ago", "all week", "twice today", "late on {d}",
)  # fmt: skip
CLOSERS = (
    "what do you think", "tell me everything", "no further questions", "more soon", "that is all", "who is in",
    "you had to be there", "make of it what you will", "i rest my case", "pass it on", "count me in", "any ideas",
    "can not wait", "we will see", "some things never change", "and that was that", "worth every minute", "cheers",
)  # fmt: skip
DAYS = ("wednesday", "thursday", "friday", "saturday", "sunday")

OTHER_SCRIPTS = {
    "zh": ("今天早上在车站附近看到的", "朋友发来的照片，大家怎么看？", "终于到了，太开心了！", "这是我最喜欢的一张"),
    "ar": ("صورة من هذا الصباح قرب المحطة", "ما رأيكم في هذا؟", "وأخيرا وصلت، أنا سعيد جدا", "أرسلها لي صديق قديم"),
    "ru": ("Нашёл сегодня утром у вокзала", "Что скажете об этом?", "Наконец-то дождались, ура!", "Друг прислал это"),
}  # fmt: skip
EMOJI = ("😂😂🔥", "❤️✨🙌🏽", "👩‍👩‍👧‍👦🎉", "🤷🏿‍♂️😅", "🇫🇷🥐😍", "🔥", "😍😍😍😍", "🎈🎂🥳")
