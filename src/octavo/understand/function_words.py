"""Words that hold sentences together and give no reason for anything: they are not shown as evidence.

Negations and question words are left out on purpose: "not" and "why" can be the whole reason. So are words that
mean something in another language: the German "die" and "war", the French "son" and "car", the Dutch "tot".
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from octavo.understand import words

_WORDS = """
a an the this that these those i me my you your yours u ur he him his she her hers it its it's we us our ours they them
their theirs one's who whom whose which and or but so if then than as of in on at to for from by with about into over
under after before between through during up again there here is am are was were be been being i'm you're we're they're
he's she's that's there's i've you've we've they've i'll you'll we'll he'll she'll they'll i'd you'd do does did have
has had will would shall should can could may might must just also too very much more most some any all each every both
other another such own same now when while until because though although ever yet still even only got get go went ago
yesterday today tomorrow sir madam mr mrs ms le la les l' un une des du de d' ce c' c'est cet cette ces ceci cela ça ca
je j' j'ai m' moi mon ma mes tu te t' toi ton ta tes il elle se s' sa ses nous notre nos vous votre vos ils elles leur
leurs lui eux y en et ou mais donc si que qu' qui dont où à au aux dans sur sous pour par avec chez vers entre depuis
pendant après avant est suis es sommes êtes sont était étais étaient ont ai avons avez avait avais avaient être avoir
fait faire va vais vont aussi très plus tout tous toute toutes même autre autres ici là alors puis déjà encore bien hier
aujourd'hui demain madame monsieur lo gli uno una di da con su per tra fra del dello della dei degli delle al allo alla
agli alle dal dalla dai dalle nel nella nei nelle sul sulla sui sulle e ed o che chi cui io mi mio mia miei mie ti tuo
tua lei suo sua suoi sue noi ci nostro nostra nostri nostre voi vi vostro vostra vostri vostre loro ne questo questa
questi queste quello quella quelli quelle è e' sono sei siamo siete era ero erano ho hai ha abbiamo avete hanno aveva
avevo essere avere fatto fare vado vanno anche più molto tutto tutti tutta tutte già ancora poi qua lì ora adesso ieri
oggi domani dopo prima signora signor el los las unos unas por para sobre pero quien cuyo yo mis tú tus él ella sus
nosotros nuestro nuestra vosotros os vuestro ellos ellas este esta esto estos estas ese esa eso esos esas aquel soy eres
somos eran hemos han había ser estar está estoy están fue muy más todo todos toda todas ya también aquí allí ahora ayer
hoy mañana der das den dem ein eine einen einem einer eines und oder aber wenn dass ob als wie von zu zum zur im auf aus
bei beim mit nach vor für über unter um durch ich mich mir mein meine meinen meinem meiner dich dir dein deine er sie
ihn ihm ihr ihre ihren sein seine seinen wir uns unser unsere man sich ist bin bist sind seid waren habe hab hast hat
haben hatte hatten wird werden wurde wurden auch sehr mehr alles noch schon dort dann jetzt gestern heute morgen dieser
diese dieses diesen diesem uma umas dos em no na nas pelo pela com mas quem eu mim meu minha meus minhas teu você vocês
ele ela eles elas lhe seu seus suas nós nosso nossa isto isso estes esse essa esses essas aquele aquela é sou és são
eram estou estão foi ter tenho tem têm tinha muito tudo já também aqui ali agora ontem hoje amanhã het een maar dat dit
deze ik mij mijn jij jou jouw uw hij hem zijn zij ze haar wij ons onze jullie hun van op aan met voor door onder naar
bij uit om ben bent heb hebt heeft hebben hadden word wordt worden werd ook zeer meer nog daar dan nu gisteren vandaag
""".split()  # noqa: SIM905

_STOPS = ",.;:"


@cache
def pieces() -> NDArray[np.bool_]:
    """bool[VOCABULARY + marks]: is the piece, alone, such a word or a mere stop?"""
    forms = [form for word in _WORDS for form in (word, word.capitalize(), word.upper())]
    split = words.split(forms)
    first = split.first_piece_of_text()
    found = np.zeros(words.VOCABULARY + len(words.MARKS), bool)
    found[split.pieces[first[:-1][np.diff(first) == 1]]] = True
    found[words.split(_STOPS).pieces] = True
    found[words.VOCABULARY :] = False
    return found
