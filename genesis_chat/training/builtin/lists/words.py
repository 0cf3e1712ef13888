"""Common English words."""

from .split import words

WORDS = words(
    """
apple arm army aunt autumn baby back bag ball band bank bath beach bean bear bed bee
bell bird blue boat body bone book box boy branch brave bread bridge bright brother
brown brush bus butter cake camel candle car card carpet castle cat chair cheese child
church circle city clean clever clock cloud coat coffee cold cook corn cow cup curtain
dance dark daughter day deep deer desk dinner dish doctor dog door dream dress drum
duck dust eagle ear early earth easy egg empty engine evening eye face family farm
fast father feather field fire fish flag flat floor flower fly food foot forest fork
fox fresh friend frog fruit full garden gate gentle gift girl glass gold good
grandmother grass great green grey hair hammer hand happy hat head heart heavy hill
honey horse hot house ice island jacket jam juice jump key kind king kitchen kite knee
knife ladder lake lamp large late leaf lemon letter light lion little lock long loud
lunch map market meadow milk mirror money monkey moon morning mother mountain mouse
mouth music nail narrow neck nest new night noise nose ocean old onion open orange
oven owl paper park path peach pear pen pencil penguin picture pillow pink plant plate
pocket potato pretty purple queen quick quiet rabbit radio rain red rice rich ring
river road robin roof room root rope rose round salt sand school sea sharp sheep ship
shirt shoe short silver sing sister sky sleep slow small smile snail snake snow soap
sock soft song soup spider spoon spring square star stone storm story strong sugar
summer sun sweet swim table tail tall tea teacher thin ticket tiger tired tomato tooth
tower town train tree umbrella uncle valley vase village violin walk wall warm watch
water whale wheel white wide wind window winter wise wolf wood wool word yellow young
zebra
    """
)
