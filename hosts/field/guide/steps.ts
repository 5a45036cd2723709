/**
 * What a person reads, from sealed boxes to a living island: the drill walks these steps, and `write.ts` makes the field guide of them. Minutes are a person's, for one
 * time; they are assumptions (two people, prepared masts clamped to posts or walls) until somebody takes a stop-watch along.
 */
export const languages = ['en', 'fr', 'bi'] as const;
export type Language = (typeof languages)[number];

export interface Step {
  readonly id: 'plan' | 'unpack' | 'flash' | 'provision' | 'walk' | 'mount' | 'wake' | 'phones' | 'message' | 'leave';
  /** Done once, or at each site. */
  readonly each: 'once' | 'site';
  readonly minutes: number;
  readonly title: Readonly<Record<Language, string>>;
  readonly says: Readonly<Record<Language, string>>;
}

export const steps: readonly Step[] = [
  {
    id: 'plan',
    each: 'once',
    minutes: 25,
    title: { en: 'Plan', fr: 'Planifier', bi: 'Mekem plan' },
    says: {
      en: 'Write the villages into a list (name, lat, lon). Run: meshbox plan villages.csv --elevation tiles --country VU. Open plan.svg. Walk each planned link with your eyes: trees and houses are not on the map. Check the shopping list against the boxes.',
      fr: 'Écrivez les villages dans une liste (name, lat, lon). Lancez : meshbox plan villages.csv --elevation tiles --country VU. Ouvrez plan.svg. Suivez chaque liaison du regard : arbres et maisons ne sont pas sur la carte. Comparez la liste d’achats aux caisses.',
      bi: 'Raetem nem blong ol vilej long wan list (name, lat, lon). Ronem: meshbox plan villages.csv --elevation tiles --country VU. Openem plan.svg. Lukluk folem evri laen: ol tri mo ol haos oli no stap long map. Jekem list blong ol samting wetem ol bokis.',
    },
  },
  {
    id: 'unpack',
    each: 'once',
    minutes: 10,
    title: { en: 'Unpack', fr: 'Déballer', bi: 'Openem ol bokis' },
    says: {
      en: 'Lay out the boards, one for each site. Do not connect a radio without its antenna.',
      fr: 'Disposez les cartes, une par site. Ne mettez jamais une radio sous tension sans antenne.',
      bi: 'Putum ol bod long tebol, wan blong wan ples. No putum paoa long redio we i no gat antena.',
    },
  },
  {
    id: 'flash',
    each: 'once',
    minutes: 6,
    title: { en: 'Flash', fr: 'Programmer', bi: 'Putum softwea' },
    says: {
      en: 'Plug all boards into the laptop with data cables. Run: meshbox flash FILE.mbfw. If a cable slips out, plug it in and run it again: it goes on where it stopped. A board that does not answer: hold BOOT, press RESET, let go.',
      fr: 'Branchez toutes les cartes au portable avec des câbles de données. Lancez : meshbox flash FICHIER.mbfw. Si un câble sort, rebranchez et relancez : cela reprend où c’était. Une carte muette : tenez BOOT, appuyez sur RESET, relâchez.',
      bi: 'Konektem evri bod long laptop wetem USB kebol. Ronem: meshbox flash FAEL.mbfw. Sapos kebol i kamaot, putum i go bak mo ronem bakegen: bae i gohed long ples we i stop. Sapos bod i no ansa: holem BOOT, presem RESET, letem i go.',
    },
  },
  {
    id: 'provision',
    each: 'site',
    minutes: 3,
    title: { en: 'Name and label', fr: 'Nommer et étiqueter', bi: 'Givim nem mo lebol' },
    says: {
      en: 'One board at a time. Run: meshbox provision --name "Port Sand" --role box --country VU. Print the label and glue it on. Copy the folder .state/island to a second place: who has it owns the island.',
      fr: 'Une carte à la fois. Lancez : meshbox provision --name "Port Sand" --role box --country VU. Imprimez l’étiquette et collez-la. Copiez le dossier .state/island ailleurs : qui l’a possède l’île.',
      bi: 'Wan bod long wan taem. Ronem: meshbox provision --name "Port Sand" --role box --country VU. Printim lebol mo glu i go long bokis. Kopi folda .state/island i go long wan narafala ples: man we i holem, hem i ona blong aelan.',
    },
  },
  {
    id: 'walk',
    each: 'site',
    minutes: 0,
    title: { en: 'Go there', fr: 'S’y rendre', bi: 'Go long ples' },
    says: {
      en: 'Take mast, panel, battery, box and the list of that site. Ask whose land it is before you dig.',
      fr: 'Prenez mât, panneau, batterie, boîtier et la liste du site. Demandez à qui est la terre avant de creuser.',
      bi: 'Tekem pos, sola panel, batri, bokis mo list blong ples ia. Askem huia i papa blong graon bifo yu dig.',
    },
  },
  {
    id: 'mount',
    each: 'site',
    minutes: 25,
    title: { en: 'Mount', fr: 'Monter', bi: 'Putum i stanap' },
    says: {
      en: 'Antenna first, then board, then battery, then panel. Mast upright and guyed; earth it. Point panel antennas as the list says, to ten degrees. Panel in the sun from nine to three, no leaf above it.',
      fr: 'D’abord l’antenne, puis la carte, la batterie, le panneau. Mât droit et haubané ; reliez-le à la terre. Orientez les antennes directives selon la liste, à dix degrés près. Panneau au soleil de neuf à quinze heures, aucune feuille au-dessus.',
      bi: 'Fastaem antena, afta bod, afta batri, afta sola panel. Pos i mas stret mo i gat rop; putum waea i go long graon. Poenem antena olsem list i talem. Sola panel i mas stap long san long naen klok kasem tri klok, i no gat lif antap.',
    },
  },
  {
    id: 'wake',
    each: 'once',
    minutes: 5,
    title: { en: 'Wait for the mesh', fr: 'Attendre le réseau', bi: 'Wetem net' },
    says: {
      en: 'At the gateway: meshbox status, then meshbox peers. Every name must be there. One is missing: go back to the site before it, raise the mast or turn the antenna.',
      fr: 'À la passerelle : meshbox status, puis meshbox peers. Chaque nom doit y être. S’il en manque un : retournez au site précédent, levez le mât ou tournez l’antenne.',
      bi: 'Long get: meshbox status, afta meshbox peers. Evri nem i mas stap. Sapos wan i no stap: go bak long ples bifo, leftemap pos o tanem antena.',
    },
  },
  {
    id: 'phones',
    each: 'once',
    minutes: 6,
    title: { en: 'Two phones', fr: 'Deux téléphones', bi: 'Tu fon' },
    says: {
      en: 'Stand with one phone at one end of the island and with another at the other end, within a hundred metres of a box.',
      fr: 'Placez un téléphone à un bout de l’île et un autre à l’autre bout, à moins de cent mètres d’un boîtier.',
      bi: 'Wan fon i stap long wan en blong aelan, narawan long narafala en, klosap long bokis (wan handred mita).',
    },
  },
  {
    id: 'message',
    each: 'once',
    minutes: 4,
    title: { en: 'A message', fr: 'Un message', bi: 'Wan mesej' },
    says: {
      en: 'Send a text from one phone to the other. It is delivered when the phone says so, and not before. Send one back.',
      fr: 'Envoyez un texte d’un téléphone à l’autre. Il est remis quand le téléphone le dit, pas avant. Répondez.',
      bi: 'Sendem wan mesej long wan fon i go long narawan. Hem i kasem taem we fon i talem, i no bifo. Sendem wan i kam bak.',
    },
  },
  {
    id: 'leave',
    each: 'once',
    minutes: 15,
    title: { en: 'Hand over', fr: 'Remettre', bi: 'Givim long ol man' },
    says: {
      en: 'Show one person at each box: wash the panel when it is dusty, call when the light is off for a day. A stolen box: meshbox replace NAME --because stolen.',
      fr: 'Montrez à une personne par boîtier : laver le panneau quand il est poussiéreux, appeler si le voyant reste éteint un jour. Boîtier volé : meshbox replace NOM --because stolen.',
      bi: 'Soemaot long wan man long evri bokis: wasem panel taem i doti, ringim sapos laet i ded wan dei. Sapos man i stilim bokis: meshbox replace NEM --because stolen.',
    },
  },
];
