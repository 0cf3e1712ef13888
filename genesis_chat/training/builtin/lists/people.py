"""What users tell about themselves: names, places and things."""

import random

from .split import words

_ONSETS = words(
    """
b c d f g h j k l m n p r s t v w z br ch dr fl gr kr sh st th tr
    """
)
_VOWELS = words(
    """
a e i o u ai ea ia ie oo
    """
)
_ENDS = ["", "", "l", "m", "n", "r", "s", "t", "x", "nd", "ck", "ra", "lo", "na"]


def invented(rng: random.Random) -> str:
    """A name that nobody has, so that names are copied and not only known."""
    syllables = (rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(2))
    return ("".join(syllables) + rng.choice(_ENDS)).capitalize()


NAMES = words(
    """
Anna Bob Carla David Emma Frank Grace Henry Ivy Jack Kate Leo Maria Nina Oscar Paul
Quinn Rosa Sam Tom Uma Victor Wendy Xavier Yara Zoe Adam Bella Chris Diana Eric Fiona
George Hannah Ian Julia Karl Laura Mark Nora Olga Peter Rita Simon Tina Vera Will
Alice Ben Clara Dan Elena Felix Gina Hugo Iris Jonas Kim Lucy Max Nadia Owen Pia
Robert Sarah Theo Ursula Vincent Walter Amir Bianca Cora Dylan Ella Finn Greta Harry
Ines James Kira Liam Mia Noah Olivia Philip Ruth Sophie Tara Valerie Arthur Beth Colin
Daisy Edgar Flora Gustav Helen Isaac Jane Kevin Lena Martin Naomi Otto Paula Ralph
Stella Tim Viola Abby Bruno Celia Dora Ethan Faye Gary Heidi Igor Joan Kurt Lydia
Miles Nell Oliver Penny
    """
)
CITIES = words(
    """
Rome Paris London Berlin Madrid Vienna Oslo Dublin Lisbon Athens Prague Warsaw Moscow
Cairo Tokyo Delhi Sydney Boston Chicago Dallas Denver Seattle Austin Houston Toronto
Montreal Lima Milan Naples Turin Venice Munich Hamburg Cologne Leeds York Oxford
Bristol Glasgow Lyon Nice Seville Porto Geneva Zurich Basel Bergen Helsinki Kyoto
Osaka Seoul Mumbai Nairobi Lagos Accra Santiago Havana Bogota Krakow Salzburg Graz
Antwerp Utrecht
    """
)
PETS = words(
    """
dog cat rabbit hamster parrot horse turtle goldfish pony mouse lizard snake canary
goat ferret duck donkey gecko chicken pigeon
    """
)
PET_NAMES = words(
    """
Rex Bella Luna Milo Coco Rocky Daisy Buddy Lucky Ruby Shadow Tiger Pepper Ginger Oreo
Biscuit Cookie Fluffy Snowy Spot Toby Molly Teddy Simba Nala Bruno Honey Maple Olive
Peanut Pickle Poppy Sunny Willow Ziggy Bear Jasper Lola Marble Mango
    """
)
JOBS = words(
    """
teacher nurse doctor baker farmer painter singer driver cook pilot writer dentist
lawyer gardener carpenter plumber waiter tailor student dancer librarian judge sailor
scientist programmer builder barber butcher florist photographer translator mechanic
    """
)
COLOURS = words(
    """
red blue green yellow orange purple pink brown black white grey gold silver turquoise
violet
    """
)
FOODS = words(
    """
pizza bread cake soup rice pasta cheese chocolate salad curry sushi pancakes apples
noodles potatoes beans honey cherries pudding fish lasagna mushrooms olives
strawberries tomatoes waffles
    """
)
ANIMALS = words(
    """
fox owl lion tiger whale dolphin penguin elephant bear wolf eagle koala panda zebra
giraffe otter frog hedgehog squirrel swan
    """
)
SPORTS = words(
    """
tennis football chess golf hockey basketball rowing running swimming skiing cricket
rugby volleyball cycling sailing boxing
    """
)
NUMBERS = tuple(str(number) for number in range(1, 100))
MONTHS = words(
    """
January February March April May June July August September October November December
    """
)
INSTRUMENTS = words(
    """
piano guitar violin flute drums trumpet cello harp clarinet organ banjo
    """
)
